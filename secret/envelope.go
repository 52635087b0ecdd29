package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
)

// binding is what a ciphertext belongs to, in order; it is authenticated with it and stored nowhere.
type binding []string

// bytes writes each part behind its length, since parts that merely follow each other could be split another way.
func (b binding) bytes() []byte {
	var out []byte
	for _, part := range b {
		out = strconv.AppendInt(out, int64(len(part)), 10)
		out = append(out, ':')
		out = append(out, part...)
	}
	return out
}

var errNotOpened = errors.New("it was changed, moved here from elsewhere, or made with another key or for another scheme, host or port")

// envelope encrypts with one key. Nonces are random, which bounds a key to some 2^32 passwords.
type envelope struct{ aead cipher.AEAD }

func newEnvelope(key []byte) (envelope, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return envelope{}, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return envelope{}, fmt.Errorf("make cipher: %w", err)
	}
	return envelope{aead}, nil
}

func (e envelope) seal(plain []byte, to binding) (ciphertext, nonce []byte) {
	nonce = make([]byte, e.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails: crypto/rand ends the process instead
	return e.sealRaw(plain, nonce, to.bytes()), nonce
}

func (e envelope) open(ciphertext, nonce []byte, to binding) ([]byte, error) {
	return e.openRaw(ciphertext, nonce, to.bytes())
}

// sealRaw is what seal does once the nonce is drawn.
func (e envelope) sealRaw(plain, nonce, data []byte) []byte {
	return e.aead.Seal(nil, nonce, plain, data)
}

func (e envelope) openRaw(ciphertext, nonce, data []byte) ([]byte, error) {
	if len(nonce) != e.aead.NonceSize() { // which would panic
		return nil, errNotOpened
	}
	plain, err := e.aead.Open(nil, nonce, ciphertext, data)
	if err != nil {
		return nil, errNotOpened
	}
	return plain, nil
}
