package fleet

import (
	"fmt"
	"strconv"
	"strings"
)

// JobStatus derives the status of a job from the number of its hosts by status; the first rule that matches wins. The
// value is one of Status, or "partially_succeeded" where only some hosts succeeded.
func JobStatus(counts map[Status]int) Status {
	total, unfinished := 0, 0
	for s, n := range counts {
		total += n
		if !s.Terminal() {
			unfinished += n
		}
	}
	done := counts[StatusSucceeded] + counts[StatusSkipped]
	switch {
	case counts[StatusQueued] == total:
		return StatusQueued
	case unfinished > 0 && counts[StatusWaitingWindow] == unfinished:
		return StatusWaitingWindow
	case unfinished > 0 && counts[StatusWaitingHealthCheck] == unfinished:
		return StatusWaitingHealthCheck
	case unfinished > 0:
		return StatusRunning
	case done == total && counts[StatusSucceeded] > 0:
		return StatusSucceeded
	case counts[StatusSucceeded] > 0:
		return StatusPartiallySucceeded
	case counts[StatusFailed]+counts[StatusIndeterminate] > 0:
		return StatusFailed
	case counts[StatusSkipped] == total:
		return StatusSucceeded
	}
	return StatusCancelled
}

// StatusPartiallySucceeded is a status of jobs only.
const StatusPartiallySucceeded Status = "partially_succeeded"

// Limit is a number of hosts or a percentage of them, as in "5" or "10%".
type Limit struct {
	N       int
	Percent bool
}

// ParseLimit reads "5" or "10%"; a number is at least 1, a percentage from 1 to 100.
func ParseLimit(field, s string) (Limit, error) {
	digits, percent := strings.CutSuffix(s, "%")
	n, err := strconv.Atoi(digits)
	if err != nil || strings.HasPrefix(digits, "+") || n < 1 || n > 1_000_000 || (percent && n > 100) {
		return Limit{}, Invalid(field, "must be a number of hosts from 1 to 1000000 or a percentage from 1%% to 100%%, such as \"5\" or \"10%%\"")
	}
	return Limit{N: n, Percent: percent}, nil
}

func (l Limit) String() string {
	if l.Percent {
		return fmt.Sprintf("%d%%", l.N)
	}
	return strconv.Itoa(l.N)
}

// Floor is l of total hosts with percentages rounded down, at least 1: how many may run side by side.
func (l Limit) Floor(total int) int { return l.of(total, 0) }

// Ceil is l of total hosts with percentages rounded up, at least 1: how many may fail.
func (l Limit) Ceil(total int) int { return l.of(total, 99) }

func (l Limit) of(total, roundUp int) int {
	if !l.Percent {
		return l.N
	}
	return max(1, (total*l.N+roundUp)/100)
}
