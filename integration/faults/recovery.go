package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// recovery is how long it took until something went on, at most.
type recovery struct {
	Longest time.Duration `json:"longest_ns"`
	Limit   time.Duration `json:"limit_ns"`
	Times   int           `json:"times"`
}

// recovers notes that something went on after so long.
func (s *scene) recovers(what string, took, limit time.Duration) {
	r := s.recovered[what]
	s.recovered[what] = recovery{max(r.Longest, took), limit, r.Times + 1}
}

func (r recovery) late() bool { return r.Longest > r.Limit }

// late is what took too long.
func (o outcome) late() (list []string) {
	for _, what := range slices.Sorted(maps.Keys(o.Recoveries)) {
		if r := o.Recoveries[what]; r.late() {
			list = append(list, fmt.Sprintf("%s: %s", what, r))
		}
	}
	return list
}

func (r recovery) String() string {
	late := ""
	if r.late() {
		late = " LATE"
	}
	return fmt.Sprintf("%s of %s%s", r.Longest.Round(100*time.Millisecond), r.Limit, late)
}

// awaitReady waits until the API says that it has all it needs, and returns how long that took.
func (s *scene) awaitReady(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	for {
		if s.apiIsReady(ctx) {
			return time.Since(began), nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("await the API: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *scene) apiIsReady(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.API.URL()+"/readyz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
