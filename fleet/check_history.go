package fleet

import "time"

// MaxHistory is how far back the history of a check goes.
const MaxHistory = 4 * 24 * time.Hour

// HistoryStart is when the history of a check begins that ends with the hour of now: with a whole hour, so that it is as
// many hours as MaxHistory has, and not before results are kept.
func HistoryStart(now time.Time, retention time.Duration) time.Time {
	start := now.Truncate(time.Hour).Add(time.Hour - MaxHistory)
	if kept := now.Add(-retention); kept.After(start) {
		return kept
	}
	return start
}

// CheckHistory is what the results of a check come to, however many there are.
type CheckHistory struct {
	Together   ResultSum
	Hours      []HourOfResults  // those that have results, the oldest first
	Spells     []UnhealthySpell // the latest first, and only so many
	SpellCount int
}

// ResultSum sums results up.
type ResultSum struct {
	Results, Unhealthy, Errors            int
	LatencyMin, LatencyMedian, LatencyMax time.Duration
}

// Healthy is how many of the results were.
func (s ResultSum) Healthy() int { return s.Results - s.Unhealthy - s.Errors }

// HourOfResults sums the results of an hour up.
type HourOfResults struct {
	StartsAt time.Time
	ResultSum
}

// UnhealthySpell is a time in which no result was healthy. EndsAt is the first healthy result after it, nil while it lasts;
// Detail is of its last result.
type UnhealthySpell struct {
	StartsAt time.Time
	EndsAt   *time.Time
	Results  int
	Detail   string
}
