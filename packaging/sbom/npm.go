package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
)

// locked is what a lock file has of one package.
type locked struct {
	Name      string
	Version   string
	Integrity string
	License   string
	Dev       bool
	Link      bool
}

// npmPackages are the packages of a lock file. What only the build needs is in it as optional, and marked.
func npmPackages(file string) ([]cyclonedx.Component, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the file that the command line names
	if err != nil {
		return nil, err
	}
	var lock struct {
		LockfileVersion int
		Packages        map[string]locked
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if lock.LockfileVersion != 3 {
		return nil, fmt.Errorf("read %s: lockfileVersion must be 3 and is %d", file, lock.LockfileVersion)
	}
	found := map[string]cyclonedx.Component{}
	for folder, p := range lock.Packages {
		at := strings.LastIndex(folder, "node_modules/")
		if at < 0 || p.Link {
			continue // the web UI itself
		}
		if p.Name == "" {
			p.Name = folder[at+len("node_modules/"):]
		}
		c, err := npmPackage(p)
		if err != nil {
			return nil, fmt.Errorf("read %s: %s: %w", file, folder, err)
		}
		// A package may be there in several folders, and in only some of them for the build alone.
		if before, ok := found[c.BOMRef]; ok && before.Scope == cyclonedx.ScopeRequired {
			c = before
		}
		found[c.BOMRef] = c
	}
	components := make([]cyclonedx.Component, 0, len(found))
	for _, c := range found {
		components = append(components, c)
	}
	return components, nil
}

func npmPackage(p locked) (cyclonedx.Component, error) {
	url := "pkg:npm/" + strings.Replace(p.Name, "@", "%40", 1) + "@" + p.Version
	c := cyclonedx.Component{
		BOMRef: url, Type: cyclonedx.ComponentTypeLibrary, Name: p.Name, Version: p.Version, PackageURL: url,
		Scope: cyclonedx.ScopeRequired,
	}
	if p.Dev {
		c.Scope = cyclonedx.ScopeOptional
		c.Properties = &[]cyclonedx.Property{{Name: "cdx:npm:package:development", Value: "true"}}
	}
	if p.License != "" {
		c.Licenses = &cyclonedx.Licenses{{Expression: p.License}}
	}
	sum, ok := strings.CutPrefix(p.Integrity, "sha512-")
	if !ok {
		return c, errors.New("integrity must be a sha512")
	}
	hash, err := base64.StdEncoding.DecodeString(sum)
	if err != nil {
		return c, fmt.Errorf("integrity: %w", err)
	}
	c.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA512, Value: hex.EncodeToString(hash)}}
	return c, nil
}
