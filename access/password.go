package access

import (
	"context"
	"fmt"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/patch-manager/patch-manager/fleet"
)

// The cost of a hash, as OWASP recommends it for argon2id: 19 MiB, two passes, one thread.
var defaultCost = argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// patience bounds how long a hashing waits for its turn.
const patience = 5 * time.Second

// Passwords hashes passwords. It is safe for concurrent use.
type Passwords struct {
	cost  argon2id.Params
	turns chan struct{}
	dummy string
}

// NewPasswords makes a Passwords that hashes at most atOnce passwords, 19 MiB each, at a time.
func NewPasswords(atOnce int) (*Passwords, error) { return newPasswords(atOnce, defaultCost) }

func newPasswords(atOnce int, cost argon2id.Params) (*Passwords, error) {
	dummy, err := argon2id.CreateHash("of nobody", &cost)
	if err != nil {
		return nil, fmt.Errorf("hash password: %w", err)
	}
	return &Passwords{cost: cost, turns: make(chan struct{}, atOnce), dummy: dummy}, nil
}

// Hash returns the hash of a password in its encoded form. It fails with KindUnavailable where too many others wait.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	leave, err := p.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	hash, err := argon2id.CreateHash(password, &p.cost)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// Verify reports whether the password has the hash. An empty hash is nobody's, and comparing with it takes as long as with
// any other, so that the time does not tell who has an account. It fails with KindUnavailable where too many others wait.
func (p *Passwords) Verify(ctx context.Context, password, hash string) (bool, error) {
	leave, err := p.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	against := hash
	if hash == "" {
		against = p.dummy
	}
	same, err := argon2id.ComparePasswordAndHash(password, against)
	if err != nil {
		return false, fmt.Errorf("verify password: %w", err)
	}
	return same && hash != "", nil
}

// enter waits for a turn to hash and returns what ends it.
func (p *Passwords) enter(ctx context.Context) (func(), error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case p.turns <- struct{}{}:
		return func() { <-p.turns }, nil
	case <-ctx.Done():
		return nil, fleet.Unavailable("sign_in_busy", "too many sign-ins at once, try again")
	}
}
