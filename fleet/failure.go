package fleet

// What fails to get in.
const (
	ActionLoginFailed          = "login.failed"
	ActionPasswordChangeFailed = "user.password.change.failed"
)

// Why it failed, besides the codes of single sign-on.
const (
	ReasonWrongCredentials = "wrong_credentials" //nolint:gosec // the name of a reason
	ReasonWrongPassword    = "wrong_password"
	ReasonTooMany          = "too_many_requests"
)

// Failure is what the audit says of a try to get in that failed.
type Failure struct {
	Action string
	UserID string // empty for nobody's
	Name   string // of the user, where the entry should say it
	// Unknown is the key of a name that is no user's. It may be a password that somebody typed into the wrong field, so the
	// entry has AuditKey.Blind of it.
	Unknown string
	Method  string // how somebody would sign in; empty for what is no sign-in
	Reason  string
	Limit   string // what was tried too often: by address, user or browser; empty for other reasons
}

// Detail is what the entry says besides its subject.
func (f Failure) Detail(key AuditKey) map[string]any {
	detail := map[string]any{"reason": f.Reason}
	if f.Unknown != "" {
		detail["unknown_user"] = key.Blind(f.Unknown)
	}
	for name, value := range map[string]string{"method": f.Method, "limit": f.Limit, "name": f.Name} {
		if value != "" {
			detail[name] = value
		}
	}
	return detail
}

// SignInFailure is what the audit says where somebody fails to sign in to an account with a password.
func SignInFailure(a Account) Failure {
	f := Failure{Action: ActionLoginFailed, UserID: a.UserID, Name: a.Name, Method: MethodPassword}
	if a.UserID == "" {
		f.Unknown = a.NameKey
	}
	return f
}
