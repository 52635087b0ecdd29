package fleet

import "time"

// paceMargin is how long before the next sweep one ends, at most; of a short interval it is a tenth.
const paceMargin = 5 * time.Second

// turnGrid is what turns are rounded up to, of a short interval at most a hundredth: hosts of all shards whose turns are near
// each other have them in one instant, so that processors wake once for them and what the database is asked is asked together.
const turnGrid = 50 * time.Millisecond

// Pace spreads the hosts of a shard over 80 % of a sweep's interval. A sweep that fills its interval makes the schedule
// skip the next one, and one that asks all at once is a burst that every host and the network feel.
type Pace struct {
	start time.Time // when the host before which so many were is due
	done  int
	step  time.Duration
	grid  time.Duration
	// End is when the sweep is over: nothing is asked of a host from then on.
	End time.Time
}

// NewPace is the pace of a sweep of hosts that begins at start and must be over before start plus interval. Of the hosts so
// many are done by now. Where others should be too, because whoever was at it died or came late, what is left is spread
// over 80 % of the time that is left.
func NewPace(start time.Time, interval time.Duration, hosts, done int, now time.Time) Pace {
	p := Pace{
		start: start, step: interval * 8 / 10 / time.Duration(max(hosts, 1)), grid: min(turnGrid, interval/100),
		End: start.Add(interval - min(paceMargin, interval/10)),
	}
	if !now.After(p.Turn(done)) {
		return p
	}
	left := max(p.End.Sub(now), 0) * 8 / 10
	return Pace{start: now, done: done, step: left / time.Duration(max(hosts-done, 1)), grid: p.grid, End: p.End}
}

// Turn is when the nth host is due, counted from zero. Hosts that were added since the shard was made follow the others.
func (p Pace) Turn(n int) time.Time {
	due := p.start.Add(time.Duration(n-p.done) * p.step)
	if on := due.Truncate(p.grid); on.Before(due) {
		return on.Add(p.grid)
	}
	return due
}
