package cli

import (
	"errors"
	"net/http"

	"github.com/patch-manager/patch-manager/client"
)

// What commands exit with. docs/cli.md explains them.
const (
	exitFailed    = 1 // anything else
	exitUsage     = 2 // the command line, or a field that breaks a rule
	exitForbidden = 3 // not signed in, or not allowed
	exitNotFound  = 4
	exitConflict  = 5 // with how things are
	exitAway      = 6 // the manager, or what it needs; worth another try
	exitJob       = 7 // the job ended, and not well
)

// errJob says that a job that was watched did not succeed.
type errJob struct{ status string }

func (e errJob) Error() string { return "the job ended as " + e.status }

// errUsage is about the command line.
type errUsage struct{ error }

// Usage says that err is about the command line.
func Usage(err error) error { return errUsage{err} }

// ExitCode is what a process that ends for err exits with.
func ExitCode(err error) int {
	var answer *client.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, new(errUsage)):
		return exitUsage
	case errors.As(err, new(errJob)):
		return exitJob
	case errors.As(err, &answer):
		return exitFor(int(answer.Status))
	}
	return exitFailed
}

func exitFor(status int) int {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return exitUsage
	case http.StatusUnauthorized, http.StatusForbidden:
		return exitForbidden
	case http.StatusNotFound:
		return exitNotFound
	case http.StatusConflict:
		return exitConflict
	case 0, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout, http.StatusTooManyRequests:
		return exitAway
	}
	return exitFailed
}
