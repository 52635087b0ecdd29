package activities

import (
	"errors"

	"go.temporal.io/sdk/temporal"

	"github.com/patch-manager/patch-manager/fleet"
)

// retryable maps an error for Temporal: what can not become true by waiting is not tried again. A conflict is, since
// the next try reads the changed state first.
func retryable(err error) error {
	var known *fleet.Error
	if !errors.As(err, &known) {
		return err
	}
	switch known.Kind {
	case fleet.KindNotFound, fleet.KindInvalid, fleet.KindForbidden:
		return temporal.NewNonRetryableApplicationError(known.Message, known.Code, err)
	default:
		return temporal.NewApplicationErrorWithCause(known.Message, known.Code, err)
	}
}
