package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThereAreAtLeast24WaysToAnswerBadlyToEachRequestAndEachIsGivenByOneHost(t *testing.T) {
	t.Parallel()
	names := map[string]int{}
	toAll := 0
	for _, b := range badAnswers {
		names[b.name] = 0
		if b.to == nil {
			toAll++
		}
	}
	require.Len(t, names, len(badAnswers), "a name comes twice")
	require.GreaterOrEqual(t, toAll, 24)
	for _, host := range badHosts() {
		for _, b := range host {
			names[b.name]++
		}
		for _, request := range requests {
			ways := slices.DeleteFunc(slices.Clone(host), func(b badAnswer) bool { return !b.isTo(request) })
			require.LessOrEqual(t, len(ways), 1, "a host answers %s in two ways", request)
		}
	}
	for name, hosts := range names {
		require.Equal(t, 1, hosts, name)
	}
}
