package fleet_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestSecretNeverPrintsItself(t *testing.T) {
	t.Parallel()
	const text = "hunter2"
	s := fleet.NewSecret(text)
	type inner struct{ hidden fleet.Secret }
	holder := struct {
		Shown  fleet.Secret
		hidden *fleet.Secret
		inner  inner
	}{s, &s, inner{s}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%p", "%t", "%c", "%8.3v"} {
		_, _ = fmt.Fprintf(&out, verb+verb+verb+"\n", s, &s, []any{s, holder, &holder, map[fleet.Secret]fleet.Secret{s: s}})
	}
	_, _ = fmt.Fprintln(&out, s, holder, fmt.Errorf("open: %v", s))
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("a", "secret", s, "pointer", &s, "holder", holder)
	}
	for _, v := range []any{s, &s, holder, map[string]fleet.Secret{"a": s}, []fleet.Secret{s}} {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		out.Write(b)
	}
	b, err := xml.Marshal(s)
	require.NoError(t, err)
	out.Write(b)
	for _, leak := range []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), fmt.Sprintf("%d", []byte(text))} {
		require.NotContains(t, out.String(), leak)
	}
	require.Contains(t, out.String(), "[redacted]")
	require.Equal(t, text, s.Reveal())
}

func TestSecretThatWasNeverSetIsEmpty(t *testing.T) {
	t.Parallel()
	require.Empty(t, fleet.Secret{}.Reveal())
	require.Equal(t, "[redacted]", fmt.Sprint(fleet.Secret{}))
}
