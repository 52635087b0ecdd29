package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// CheckHistory is what the results of a check come to.
type CheckHistory struct {
	ResultSum
	From       time.Time        `json:"from" doc:"Results from this time on are counted"`
	To         time.Time        `json:"to" doc:"When they were counted"`
	Hours      []HourOfResults  `json:"hours" doc:"Those that have results, the oldest first"`
	Spells     []UnhealthySpell `json:"spells" doc:"Times in which no result was healthy, the latest first: at most 10"`
	SpellCount int              `json:"spell_count" doc:"How many such times there were in all"`
}

// ResultSum sums results up. The framework only writes embedded types that are exported.
type ResultSum struct {
	Results   int             `json:"results"`
	Healthy   int             `json:"healthy"`
	Unhealthy int             `json:"unhealthy"`
	Errors    int             `json:"errors" doc:"Checks that could not be carried out"`
	LatencyMS *ResultsLatency `json:"latency_ms" doc:"Null without results"`
}

// ResultsLatency is how long checks took.
type ResultsLatency struct {
	_      struct{} `nullable:"true"`
	Min    int64    `json:"min"`
	Median int64    `json:"median"`
	Max    int64    `json:"max"`
}

// HourOfResults sums the results of an hour up.
type HourOfResults struct {
	StartsAt time.Time `json:"starts_at"`
	ResultSum
}

// UnhealthySpell is a time in which no result of a check was healthy.
type UnhealthySpell struct {
	StartsAt time.Time  `json:"starts_at"`
	EndsAt   *time.Time `json:"ends_at" nullable:"true" doc:"The first healthy result after it; null while it lasts"`
	Results  int        `json:"results"`
	Detail   string     `json:"detail" doc:"What the last result of it said"`
}

type checkHistoryAnswer struct{ Body CheckHistory }

func (s *server) registerCheckHistory() {
	handle(s, huma.Operation{
		OperationID: "getHealthCheckHistory", Method: http.MethodGet, Path: checksPath + "/{check_id}/history",
		Tags: []string{"Health checks"}, Summary: "Sum up the results of a health check of 4 days by the hour", Errors: readErrors,
		Description: "Of all results, however many there are, from the beginning of the hour 95 hours ago on. Single results are listed by results.",
	}, s.checkHistory)
}

func (s *server) checkHistory(ctx context.Context, by fleet.Caller, in *CheckPath) (*checkHistoryAnswer, error) {
	now := s.Now()
	from := fleet.HistoryStart(now, s.Policy.ResultRetention)
	h, err := s.Store.CheckHistory(ctx, by.Sees(), pathID(in.ID), pathID(in.CheckID), from)
	if err != nil {
		return nil, err
	}
	return &checkHistoryAnswer{Body: CheckHistory{
		ResultSum: resultSum(h.Together), From: from.UTC(), To: now.UTC(), SpellCount: h.SpellCount,
		Hours: convert(h.Hours, func(hour fleet.HourOfResults) HourOfResults {
			return HourOfResults{StartsAt: hour.StartsAt.UTC(), ResultSum: resultSum(hour.ResultSum)}
		}),
		Spells: convert(h.Spells, func(spell fleet.UnhealthySpell) UnhealthySpell {
			return UnhealthySpell{StartsAt: spell.StartsAt.UTC(), EndsAt: utc(spell.EndsAt), Results: spell.Results, Detail: spell.Detail}
		}),
	}}, nil
}

func resultSum(sum fleet.ResultSum) ResultSum {
	body := ResultSum{Results: sum.Results, Healthy: sum.Healthy(), Unhealthy: sum.Unhealthy, Errors: sum.Errors}
	if sum.Results > 0 {
		body.LatencyMS = &ResultsLatency{
			Min: sum.LatencyMin.Milliseconds(), Median: sum.LatencyMedian.Milliseconds(), Max: sum.LatencyMax.Milliseconds(),
		}
	}
	return body
}
