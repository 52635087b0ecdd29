package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// KeepSignOn stores an attempt to sign in through the identity provider, for fleet.SignOnLifetime. What names it in the
// browser is stored as hashes. Session is the token that the browser is signed in with already, or empty.
func (s *Store) KeepSignOn(ctx context.Context, a fleet.SignOn, session string) error {
	return translate(s.q.InsertSignOn(ctx, sqlgen.InsertSignOnParams{
		StateHash: hashToken(a.State), BrowserHash: hashToken(a.Browser), Nonce: a.Nonce, Verifier: a.Verifier,
		ReturnTo: a.ReturnTo, SessionHash: hashToken(session), LifetimeSeconds: fleet.SignOnLifetime.Seconds(),
	}))
}

// TakeSignOn returns the attempt that a browser began and deletes it, so that nothing happens by it twice. It is refused
// alike whether there is none, it is over, or another browser began it.
func (s *Store) TakeSignOn(ctx context.Context, state, browser string) (fleet.SignOn, error) {
	row, err := s.q.TakeSignOn(ctx, hashToken(state), hashToken(browser))
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !row.Current {
		return fleet.SignOn{}, fleet.Forbidden("sign_on_expired",
			"this sign-in was not begun in this browser, is older than 10 minutes, or was used already: begin again")
	}
	a := fleet.SignOn{State: state, Browser: browser, Nonce: row.Nonce, Verifier: row.Verifier, ReturnTo: row.ReturnTo}
	if row.SessionID != nil {
		a.SessionID = *row.SessionID
	}
	return a, translate(err)
}
