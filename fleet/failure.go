package fleet

// What fails to get in.
const (
	ActionLoginFailed          = "login.failed"
	ActionPasswordChangeFailed = "user.password.change.failed" // #nosec G101 -- the name of an action
)

// Why it failed, besides the codes of single sign-on.
const (
	ReasonWrongCredentials = "wrong_credentials"
	ReasonWrongPassword    = "wrong_password"
	ReasonTooMany          = "too_many_requests"
)

// Failure is what the audit says of a try to get in that failed.
type Failure struct {
	Action  string
	Subject string // the id of a user, or what was typed
	Method  string // how somebody would sign in; empty for what is no sign-in
	Reason  string
	Limit   string // what was tried too often: by address, user or browser; empty for other reasons
}

// Detail is what the entry says besides its subject.
func (f Failure) Detail() map[string]any {
	detail := map[string]any{"reason": f.Reason}
	if f.Method != "" {
		detail["method"] = f.Method
	}
	if f.Limit != "" {
		detail["limit"] = f.Limit
	}
	return detail
}
