package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// signOnCookie binds an attempt to sign in through the identity provider to the browser that began it.
const signOnCookie = "patch_manager_sign_on"

// How often one address may go to the identity provider; each attempt is stored for some minutes.
const (
	signOnsByAddress = 30
	signOnPeriod     = time.Minute
)

const (
	beginSignOnPath  = "/auth/oidc/login"
	finishSignOnPath = "/auth/oidc/callback"
)

// SignOnCallback is the path that the identity provider sends browsers back to.
const SignOnCallback = Base + finishSignOnPath

// SignInMethod is a way to sign in.
type SignInMethod struct {
	Name string `json:"name" doc:"password or oidc; new values may appear" example:"oidc"`
	URL  string `json:"url" doc:"password: where name and password are posted; oidc: where the browser goes, with return_to in its query"`
}

type (
	methodsAnswer struct {
		Body struct {
			Items []SignInMethod `json:"items"`
		}
	}
	beginSignOnInput struct {
		ReturnTo string `query:"return_to" maxLength:"1024" doc:"The page here to go to afterwards, such as /hosts; / unless given"`
	}
	finishSignOnInput struct {
		State  string `query:"state" doc:"Of the attempt"`
		Code   string `query:"code" doc:"What proves who signed in to the provider"`
		Issuer string `query:"iss" doc:"The provider, where it says so"`
		Error  string `query:"error" doc:"Why nobody signed in"`
	}
	signOnAnswer struct {
		Location  string        `header:"Location"`
		SetCookie []http.Cookie `header:"Set-Cookie"`
	}
)

func (s *server) registerSignOn() {
	tags := []string{"Signing in"}
	handleOpen(s, huma.Operation{
		OperationID: "listSignInMethods", Method: http.MethodGet, Path: "/auth/methods", Tags: tags, Summary: "Which ways to sign in there are",
	}, s.listSignInMethods)
	handleOpen(s, huma.Operation{
		OperationID: "beginSignOn", Method: http.MethodGet, Path: beginSignOnPath, Tags: tags,
		Summary: "Send the browser to the identity provider",
		Description: "For browsers: the answer sends them on, and they come back within 10 minutes. 404 where there is no single sign-on. " +
			"Whoever asks for text/html is sent to /login instead of being given a problem, with its code as sign_on.",
		DefaultStatus: http.StatusFound, Errors: []int{http.StatusNotFound, http.StatusTooManyRequests},
	}, shown(s.beginSignOn))
	handleOpen(s, huma.Operation{
		OperationID: "finishSignOn", Method: http.MethodGet, Path: finishSignOnPath, Tags: tags,
		Summary: "Sign in the browser that comes back from the identity provider",
		Description: "The answer sets the session's cookie and sends the browser to where it wanted to go. Roles are brought in line " +
			"with the groups at the provider. Whoever asks for text/html is sent to /login instead of being given a problem, with its " +
			"code as sign_on.",
		DefaultStatus: http.StatusFound, Errors: []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
		SkipValidateParams: true, // providers add parameters of their own
	}, shown(s.finishSignOn))
}

type signOnHandler[I any] = func(context.Context, fleet.Caller, *I) (*signOnAnswer, error)

// shown sends a person, whose browser was sent here, to the page for signing in where handle refuses: that page knows what
// each code means. A message in the address would be anybody's to write.
func shown[I any](handle signOnHandler[I]) signOnHandler[I] {
	return func(ctx context.Context, by fleet.Caller, in *I) (*signOnAnswer, error) {
		answer, err := handle(ctx, by, in)
		var why *fleet.Error
		if browserOf(ctx).shows && errors.As(err, &why) {
			return &signOnAnswer{Location: "/login?sign_on=" + url.QueryEscape(why.Code)}, nil
		}
		return answer, err
	}
}

func (s *server) listSignInMethods(context.Context, fleet.Caller, *empty) (*methodsAnswer, error) {
	answer := &methodsAnswer{}
	answer.Body.Items = []SignInMethod{{Name: fleet.MethodPassword, URL: Base + loginPath}}
	if s.SignOn != nil {
		answer.Body.Items = append(answer.Body.Items, SignInMethod{Name: fleet.MethodOIDC, URL: Base + beginSignOnPath})
	}
	return answer, nil
}

func (s *server) beginSignOn(ctx context.Context, by fleet.Caller, in *beginSignOnInput) (*signOnAnswer, error) {
	if s.SignOn == nil {
		return nil, fleet.NotFound("single sign-on")
	}
	if in.ReturnTo == "" {
		in.ReturnTo = "/"
	}
	if err := fleet.CheckReturnTo(in.ReturnTo); err != nil {
		return nil, err
	}
	refused := fleet.Failure{Action: fleet.ActionLoginFailed, Method: fleet.MethodOIDC, Limit: "address"}
	if err := s.Store.TakeTry(ctx, by, refused, "sign-on from "+network(by.RemoteAddr), signOnsByAddress, signOnPeriod); err != nil {
		return nil, err
	}
	address, attempt, err := s.SignOn.Begin(ctx)
	if err != nil {
		return nil, s.signOnFailed(ctx, by, err)
	}
	attempt.ReturnTo = in.ReturnTo
	if err := s.Store.KeepSignOn(ctx, attempt, browserOf(ctx).session); err != nil {
		return nil, err
	}
	return &signOnAnswer{Location: address, SetCookie: []http.Cookie{s.signOnCookie(attempt.Browser, fleet.SignOnLifetime)}}, nil
}

// finishSignOn takes an answer only for the attempt that this browser began, so that nobody is signed in as somebody else
// by following a link.
func (s *server) finishSignOn(ctx context.Context, by fleet.Caller, in *finishSignOnInput) (*signOnAnswer, error) {
	if s.SignOn == nil {
		return nil, fleet.NotFound("single sign-on")
	}
	from := browserOf(ctx)
	attempt, err := s.Store.TakeSignOn(ctx, in.State, from.signOn)
	if err != nil {
		return nil, err
	}
	who, err := s.SignOn.Finish(ctx, attempt, fleet.SignOnAnswer{Code: in.Code, Issuer: in.Issuer, Error: in.Error})
	if err != nil {
		return nil, s.signOnFailed(ctx, by, err)
	}
	made, unknown, err := s.Store.SignOn(ctx, by, fleet.Arrival{
		Identity: who, Mappings: s.RoleMappings, SessionID: attempt.SessionID, UserAgent: from.agent,
	})
	for _, group := range unknown {
		s.Log.WarnContext(ctx, "a role mapping names a group that does not exist and gives nothing", "setting", "oidc.role_mappings", "group", group)
	}
	if err != nil {
		return nil, err
	}
	return &signOnAnswer{Location: attempt.ReturnTo, SetCookie: []http.Cookie{
		s.cookie(sessionCookie, made.Token, 0), s.signOnCookie("", -time.Second),
	}}, nil
}

// signOnFailed logs what the caller is not told, and records a refusal.
func (s *server) signOnFailed(ctx context.Context, by fleet.Caller, err error) error {
	s.Log.WarnContext(ctx, "single sign-on failed", "error", err, "request_id", by.RequestID)
	var why *fleet.Error
	if errors.As(err, &why) && why.Kind == fleet.KindForbidden {
		failure := fleet.Failure{Action: fleet.ActionLoginFailed, Method: fleet.MethodOIDC, Reason: why.Code}
		return errors.Join(err, s.Store.RecordFailure(ctx, by, failure))
	}
	return err
}

// signOnCookie is sent with the way back from the identity provider, which is a foreign page: not a strict one.
func (s *server) signOnCookie(value string, lasts time.Duration) http.Cookie {
	c := s.cookie(signOnCookie, value, lasts) //nolint:gosec // secure where people come by https
	c.SameSite = http.SameSiteLaxMode
	return c
}
