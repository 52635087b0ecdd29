package api

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// How often somebody may try to sign in: from one address, as one user from one address, as one user from everywhere, and
// as one user from a browser that this user signed in with before. docs/decisions/0010 says why.
const (
	loginsByAddress = 20
	addressPeriod   = time.Minute

	loginsByAddressAndUser = 5
	loginsByUser           = 20
	loginsByDevice         = 5
	userPeriod             = 5 * time.Minute
)

const loginPath = "/login"

// LoginInput is what somebody signs in with.
type LoginInput struct {
	User     string `json:"user" minLength:"1" doc:"The name of the user, regardless of case"`
	Password string `json:"password" minLength:"1" format:"password" writeOnly:"true"`
}

type (
	loginInput  struct{ Body LoginInput }
	loginAnswer struct {
		SetCookie []http.Cookie `header:"Set-Cookie"`
		Body      Me
	}
	logoutAnswer struct {
		SetCookie http.Cookie `header:"Set-Cookie"`
	}
)

func (s *server) registerLogin() {
	tags := []string{"Signing in"}
	handleOpen(s, huma.Operation{
		OperationID: "login", Method: http.MethodPost, Path: loginPath, Tags: tags, Summary: "Sign in with a password",
		Description: "The answer sets the session's cookie; a session of the same browser ends. Tries are limited for each user and each address.",
		Errors:      []int{http.StatusUnauthorized, http.StatusTooManyRequests},
	}, s.login)
	handle(s, huma.Operation{
		OperationID: "logout", Method: http.MethodPost, Path: "/logout", Tags: tags, Summary: "Sign out: end the session of the request",
		DefaultStatus: http.StatusNoContent, Metadata: map[string]any{takesSession: true},
	}, s.logout)
}

// login compares a password even where no user could have it, so that neither the answer nor the time it takes says who has
// an account.
func (s *server) login(ctx context.Context, by fleet.Caller, in *loginInput) (*loginAnswer, error) {
	from := browserOf(ctx)
	account, err := s.Store.Account(ctx, in.Body.User, from.device)
	if err != nil {
		return nil, err
	}
	failure := fleet.SignInFailure(account)
	if err := s.takeLogin(ctx, by, failure, account, from.device); err != nil {
		return nil, err
	}
	right, err := s.Passwords.Verify(ctx, in.Body.Password, account.PasswordHash)
	if err != nil {
		return nil, err
	}
	if !right {
		failure.Reason = fleet.ReasonWrongCredentials
		return nil, s.fail(ctx, by, failure, fleet.WrongCredentials())
	}
	made, err := s.Store.SignIn(ctx, by, fleet.SignIn{
		UserID: account.UserID, Method: fleet.MethodPassword, PasswordHash: account.PasswordHash, UserAgent: from.agent,
		Replaces: from.session, Device: from.device,
	})
	if err != nil {
		return nil, err
	}
	who, err := s.Store.PrincipalBySession(ctx, made.Token)
	if err != nil {
		return nil, err
	}
	me, err := s.meBody(ctx, who)
	return &loginAnswer{SetCookie: s.signedIn(made), Body: me}, err
}

// takeLogin counts a try before the password is looked at, so that many at once are as few as one after the other. Strangers
// can use up the tries of a user from everywhere, but not those of the user's own browsers.
func (s *server) takeLogin(ctx context.Context, by fleet.Caller, f fleet.Failure, account fleet.Account, device string) error {
	address, user := network(by.RemoteAddr), account.NameKey
	take := func(limit, bucket string, tries int, per time.Duration) error {
		f.Limit = limit
		return s.Store.TakeTry(ctx, by, f, bucket, tries, per)
	}
	if account.KnownDevice {
		return take("browser", "login by device "+device, loginsByDevice, userPeriod)
	}
	if err := take("address", "login from "+address, loginsByAddress, addressPeriod); err != nil {
		return err
	}
	if err := take("address and user", "login from "+address+" as "+user, loginsByAddressAndUser, userPeriod); err != nil {
		return err
	}
	return take("user", "login as "+user, loginsByUser, userPeriod)
}

// network is what counts as one address: who has one of IPv6 has the 2^64 around it too.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}

// fail records why somebody does not get in, and returns what they are told.
func (s *server) fail(ctx context.Context, by fleet.Caller, f fleet.Failure, told error) error {
	if err := s.Store.RecordFailure(ctx, by, f); err != nil {
		return err
	}
	return told
}

func (s *server) logout(ctx context.Context, by fleet.Caller, _ *empty) (*logoutAnswer, error) {
	if err := s.Store.EndSession(ctx, by, by.Credential.ID, "logout"); err != nil {
		return nil, err
	}
	return &logoutAnswer{SetCookie: s.signedOut()}, nil
}
