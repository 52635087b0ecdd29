package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
)

// options say what is listed, and what the list calls it.
type options struct {
	name, version string
	at            int64 // when it was made, in seconds since 1970
	lock          string
	program       string
}

func main() {
	var o options
	flag.StringVar(&o.name, "name", "", "of the program")
	flag.StringVar(&o.version, "version", "", "of the program")
	flag.Int64Var(&o.at, "at", 0, "when it was made, in seconds since 1970")
	flag.StringVar(&o.lock, "lock", "", "package-lock.json of what the program has of npm; nothing unless set")
	flag.Parse()
	o.program = flag.Arg(0)
	if err := write(os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func write(out io.Writer, o options) error {
	components, err := goModules(o.program)
	if err != nil {
		return err
	}
	if o.lock != "" {
		packages, err := npmPackages(o.lock)
		if err != nil {
			return err
		}
		components = append(components, packages...)
	}
	slices.SortFunc(components, func(a, b cyclonedx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) })
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{
		Timestamp: time.Unix(o.at, 0).UTC().Format(time.RFC3339),
		Component: &cyclonedx.Component{
			BOMRef: "program", Type: cyclonedx.ComponentTypeApplication, Name: o.name, Version: o.version,
		},
	}
	bom.Components = &components
	return cyclonedx.NewBOMEncoder(out, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
}
