package host

import (
	"sync"
	"time"
)

// More generous than other agents' (120 and 20): a gate that looks at five checks every few seconds must not run into
// them, and a client with our certificate may do anything anyhow.
const (
	readsPerMinute  = 600
	writesPerMinute = 60
)

// limiter counts requests by the minute of the clock they came in.
type limiter struct {
	perMinute int

	mu     sync.Mutex
	minute time.Time
	count  int
}

// admit counts a request, or says how long to wait.
func (l *limiter) admit(now time.Time) (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if minute := now.Truncate(time.Minute); !minute.Equal(l.minute) {
		l.minute, l.count = minute, 0
	}
	if l.count >= l.perMinute {
		return l.minute.Add(time.Minute).Sub(now), false
	}
	l.count++
	return 0, true
}
