package secret_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
)

// load is live traffic: processes that edit passwords, and processes that read them.
type load struct {
	*vault
	stop   context.Context
	errs   chan error
	opened atomic.Int64
	edited atomic.Int64
	again  atomic.Int64
}

// edit gives a check one password after the other, every second time with an edit of something else that keeps it, and
// returns the last one.
func (l *load) edit(keys *secret.Keyring, c fleet.Check) (last int) {
	for n := 1; l.stop.Err() == nil; n++ {
		if err := l.setPassword(keys, c, text(c, n)); err != nil {
			l.errs <- err
			return last
		}
		last = n
		c.Name = text(c, n)[:20]
		if err := l.store.UpdateCheck(l.Context(), operator, fleet.CheckUpdate{Check: c, KeepPassword: true}); err != nil {
			l.errs <- err
			return last
		}
		l.edited.Add(1)
	}
	return last
}

// setPassword does as the API does.
func (l *load) setPassword(keys *secret.Keyring, c fleet.Check, plain string) error {
	for {
		sealed, err := keys.Seal(l.Context(), fleet.NewSecret(plain), c)
		if err != nil {
			return err
		}
		c.Password = &sealed
		if err = l.store.UpdateCheck(l.Context(), operator, fleet.CheckUpdate{Check: c}); !fleet.IsCode(err, fleet.CodeKeyChanged) {
			return err
		}
		l.again.Add(1)
	}
}

func (l *load) read(keys *secret.Keyring) {
	for l.stop.Err() == nil {
		for _, c := range l.checks {
			stored, err := l.stored(l.Context(), c)
			if err == nil && stored.Password == nil {
				err = errors.New("the password is gone")
			}
			if err == nil {
				_, err = keys.Open(l.Context(), *stored.Password, c)
			}
			if err != nil {
				l.errs <- err
				return
			}
			l.opened.Add(1)
		}
	}
}

func TestNoPasswordFailsToOpenAndNoEditIsLostWhileKeysRotate(t *testing.T) {
	t.Parallel()
	v := newVault(t, 6)
	stop, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l := &load{vault: v, stop: stop, errs: make(chan error, 100)}
	last := make([]int, len(v.checks))
	var running sync.WaitGroup
	for i, c := range v.checks {
		keys := open(t, v.path, v.store) // each as a process of its own
		running.Go(func() { last[i] = l.edit(keys, c) })
	}
	for range 3 {
		keys := open(t, v.path, v.store)
		running.Go(func() { l.read(keys) })
	}
	const rotations = 10
	for range rotations {
		before := l.edited.Load()
		_, err := v.rotate()
		require.NoError(t, err)
		require.Eventually(t, func() bool { return l.edited.Load() >= before+10 || len(l.errs) > 0 }, time.Minute, time.Millisecond)
	}
	cancel()
	running.Wait()
	close(l.errs)
	for err := range l.errs {
		require.NoError(t, err)
	}
	for i, c := range v.checks {
		stored, err := v.stored(t.Context(), c)
		require.NoError(t, err)
		got, err := v.keys.Open(t.Context(), *stored.Password, c)
		require.NoError(t, err)
		require.Equal(t, text(c, last[i]), got.Reveal())
	}
	t.Logf("%d rotations, %d edits, %d of them encrypted twice, %d passwords opened", rotations, l.edited.Load(), l.again.Load(), l.opened.Load())
}
