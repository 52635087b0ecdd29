package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Variables of the environment that stand in for `patch-manager login`.
const (
	urlVariable   = "PATCH_MANAGER_URL"
	tokenVariable = "PATCH_MANAGER_TOKEN"
)

// credentials are what `login` leaves: a token, and the only address that it is sent to.
type credentials struct {
	URL   string `json:"url"`
	Token string `json:"token"`
	CA    string `json:"ca,omitempty"` // a file
}

var errNotSignedIn = errUsage{fmt.Errorf("not signed in: run `patch-manager login URL`, or set %s and %s", urlVariable, tokenVariable)}

func credentialsFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the folder of settings: %w", err)
	}
	return filepath.Join(dir, "patch-manager", "credentials.json"), nil
}

// findCredentials are those of the environment, or else what login left. A token goes to no address but its own.
func findCredentials(getenv func(string) string) (credentials, error) {
	c := credentials{URL: getenv(urlVariable), Token: getenv(tokenVariable)}
	if c.URL != "" && c.Token != "" {
		return c, nil
	}
	kept, err := readCredentials()
	switch {
	case err != nil:
		return credentials{}, err
	case c.URL != "" && c.URL != kept.URL:
		return credentials{}, errUsage{fmt.Errorf("%s is not where you signed in: set %s as well, or run `patch-manager login %s`", c.URL, tokenVariable, c.URL)}
	case c.Token != "":
		kept.Token = c.Token
	}
	return kept, nil
}

func readCredentials() (credentials, error) {
	var c credentials
	name, err := credentialsFile()
	if err != nil {
		return c, err
	}
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return c, errNotSignedIn
	}
	if err != nil {
		return c, fmt.Errorf("read credentials: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return c, fmt.Errorf("read credentials: %s has mode %04o and must be 0600: others could read the token", name, info.Mode().Perm())
	}
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return c, fmt.Errorf("read credentials: %w", err)
	}
	return c, nil
}

// keep writes the credentials for their owner alone.
func (c credentials) keep() error {
	name, err := credentialsFile()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("keep credentials: %w", err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("keep credentials: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".credentials-*")
	if err != nil {
		return fmt.Errorf("keep credentials: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keep credentials: %w", err), os.Remove(f.Name()))
	}
	return nil
}

func forgetCredentials() error {
	name, err := credentialsFile()
	if err != nil {
		return err
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget credentials: %w", err)
	}
	return nil
}
