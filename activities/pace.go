package activities

import "time"

// endMargin is how long before the next sweep one ends, at most; of a short interval it is a tenth.
const endMargin = 5 * time.Second

// pace spreads the hosts of a shard over 80 % of a sweep's interval. A sweep that fills its interval makes the schedule
// skip the next one, and one that asks all at once is a burst that every host and the network feel.
type pace struct {
	start time.Time
	step  time.Duration
	end   time.Time // nothing is probed from then on
}

func newPace(start time.Time, interval time.Duration, hosts int) pace {
	return pace{
		start: start,
		step:  interval * 8 / 10 / time.Duration(max(hosts, 1)),
		end:   start.Add(interval - min(endMargin, interval/10)),
	}
}

// turn is when the nth host is due, counted from zero. Hosts that were added since the shard was made follow the others.
func (p pace) turn(n int) time.Time { return p.start.Add(time.Duration(n) * p.step) }
