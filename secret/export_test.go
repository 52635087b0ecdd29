package secret

import "context"

// AddKey makes a further key as a rotation would.
func AddKey(ctx context.Context, path string, id int16, canaries CanaryStore) error {
	key, err := ensureKey(keyPath(path, id))
	if err != nil {
		return err
	}
	c, err := newCanary(key, id)
	if err != nil {
		return err
	}
	_, err = canaries.SaveCanary(ctx, c)
	return err
}

// OpenRaw and SealRaw are the envelope without its binding.
func OpenRaw(key, ciphertext, nonce, data []byte) ([]byte, error) {
	e, err := newEnvelope(key)
	if err != nil {
		return nil, err
	}
	return e.openRaw(ciphertext, nonce, data)
}

// SealRaw encrypts with a nonce that is given.
func SealRaw(key, plain, nonce, data []byte) ([]byte, error) {
	e, err := newEnvelope(key)
	if err != nil {
		return nil, err
	}
	return e.sealRaw(plain, nonce, data), nil
}

// SamePlace says whether two bindings are one.
func SamePlace(a, b []string) bool { return string(binding(a).bytes()) == string(binding(b).bytes()) }
