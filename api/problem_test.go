package api

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestHowLongToWaitIsToldInWholeSecondsRoundedUp(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]string{
		-time.Second: "1", 0: "1", time.Nanosecond: "1", time.Second: "1", time.Second + 1: "2", 59*time.Second + 1: "60", time.Minute: "60",
	} {
		err := problemOf(t.Context(), slog.New(slog.DiscardHandler), fleet.TooMany(wait))
		var headers huma.HeadersError
		require.ErrorAs(t, err, &headers)
		require.Equal(t, want, headers.GetHeaders().Get("Retry-After"), wait)
		var status huma.StatusError
		require.ErrorAs(t, err, &status)
		require.Equal(t, http.StatusTooManyRequests, status.GetStatus())
	}
}
