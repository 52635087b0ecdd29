package main

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/patch-manager/patch-manager/settings"
)

func TestCommitOfAChangedTreeIsMarked(t *testing.T) {
	t.Parallel()
	require.Empty(t, commitOf([]debug.BuildSetting{{Key: "vcs.modified", Value: "true"}}))
	require.Equal(t, "abc", commitOf([]debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "false"}}))
	require.Equal(t, "abc+dirty", commitOf([]debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}))
}

func TestTemporalIsToldWhereItIsAlsoWhenNobodySaid(t *testing.T) {
	t.Parallel()
	var s settings.Settings
	s.Temporal.UIURL = "https://ui.example.org"
	got := about(s, client.Options{Namespace: "pm"}).Temporal
	require.Equal(t, client.DefaultHostPort, got.Address)
	require.Equal(t, "pm", got.Namespace)
	require.Equal(t, s.Temporal.UIURL, got.UIURL)
	require.Equal(t, "t:1", about(s, client.Options{HostPort: "t:1"}).Temporal.Address)
}
