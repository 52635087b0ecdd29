package api

import (
	"net/http"
	"time"
)

// StreamPace is the pace of the event stream in tests.
type StreamPace struct {
	Poll, Heartbeat, Recheck, Write time.Duration
	Page, Keep                      int
}

// NewPaced is New with another pace of the event stream; what is zero stays as it is.
func NewPaced(cfg Config, p StreamPace) http.Handler {
	pace := defaultPace
	for to, from := range map[*time.Duration]time.Duration{
		&pace.poll: p.Poll, &pace.heartbeat: p.Heartbeat, &pace.recheck: p.Recheck, &pace.write: p.Write,
	} {
		if from > 0 {
			*to = from
		}
	}
	if p.Page > 0 {
		pace.page, pace.keep = p.Page, p.Keep
	}
	return newPaced(cfg, pace)
}
