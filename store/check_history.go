package store

import (
	"context"
	"fmt"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// maxSpells is how many of the times in which a check was not healthy are told, the latest.
const maxSpells = 10

// clockAhead is how far the clock of a worker may be ahead of ours for its results to be found. Partitions reach farther, and
// each that a query looks into costs as much as the results in it.
const clockAhead = time.Hour

// CheckHistory returns what the results of a check of a host of scope come to since then.
func (s *Store) CheckHistory(ctx context.Context, scope fleet.Scope, hostID, id string, since time.Time) (fleet.CheckHistory, error) {
	var h fleet.CheckHistory
	if _, err := s.Check(ctx, scope, hostID, id); err != nil {
		return h, err
	}
	until := time.Now().Add(clockAhead)
	hours, err := s.q.CheckHours(ctx, sqlgen.CheckHoursParams{CheckID: id, Since: since, Until: until, Every: scope.All, Scope: scope.Groups})
	if err != nil {
		return h, fmt.Errorf("read hours of check: %w", translate(err))
	}
	for _, row := range hours {
		if sum := resultSum(row); row.Together {
			h.Together = sum
		} else {
			h.Hours = append(h.Hours, fleet.HourOfResults{StartsAt: row.Hour, ResultSum: sum})
		}
	}
	if h.Together.Results == h.Together.Healthy() {
		return h, nil
	}
	rows, err := s.q.CheckSpells(ctx, sqlgen.CheckSpellsParams{
		CheckID: id, Since: since, Until: until, Every: scope.All, Scope: scope.Groups, MaxRows: maxSpells,
	})
	if err != nil {
		return h, fmt.Errorf("read unhealthy times of check: %w", translate(err))
	}
	for _, row := range rows {
		h.SpellCount = int(row.Spells)
		spell := fleet.UnhealthySpell{StartsAt: row.StartsAt, Results: int(row.Results), Detail: row.Detail}
		if row.Ended {
			spell.EndsAt = &row.EndsAt
		}
		h.Spells = append(h.Spells, spell)
	}
	return h, nil
}

func resultSum(row sqlgen.CheckHoursRow) fleet.ResultSum {
	latency := func(ms int32) time.Duration { return time.Duration(ms) * time.Millisecond }
	return fleet.ResultSum{
		Results: int(row.Results), Unhealthy: int(row.Unhealthy), Errors: int(row.Errors),
		LatencyMin: latency(row.LatencyMin), LatencyMedian: latency(row.LatencyMedian), LatencyMax: latency(row.LatencyMax),
	}
}
