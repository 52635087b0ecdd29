package secret

import (
	"crypto/rand"
	"fmt"

	"github.com/patch-manager/patch-manager/keyfile"
)

// keySize is the length of a key file in bytes: the 256 bits of AES-256, as they are.
const keySize = 32

// readKey reads the key at path.
func readKey(path string) ([]byte, error) {
	key, err := keyfile.Read(path)
	if err != nil {
		return nil, err
	}
	return key, checkSize(path, key)
}

// ensureKey is readKey that makes the key where there is none.
func ensureKey(path string) ([]byte, error) {
	key, err := keyfile.Ensure(path, func() ([]byte, error) {
		fresh := make([]byte, keySize)
		_, _ = rand.Read(fresh) // never fails: crypto/rand ends the process instead
		return fresh, nil
	})
	if err != nil {
		return nil, err
	}
	return key, checkSize(path, key)
}

func checkSize(path string, key []byte) error {
	if len(key) != keySize {
		return fmt.Errorf("read key %s: it has %d bytes, and must have %d", path, len(key), keySize)
	}
	return nil
}
