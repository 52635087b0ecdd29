package demo

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// judge compares how each host ended, by the API and by what the simulated hosts were really asked to do.
func (d *demonstration) judge(ctx context.Context) error {
	fmt.Fprintf(d.Out, "\n  %-22s %-10s %-15s %6s  %s\n", "host", "status", "reason", "looks", "detail")
	var wrong []error
	if len(d.rows) != hosts {
		wrong = append(wrong, fmt.Errorf("the job has %d hosts instead of %d", len(d.rows), hosts))
	}
	for _, row := range d.rows {
		h, err := d.job.host(ctx, d.stack.API, row.HostID)
		if err != nil {
			return err
		}
		fmt.Fprintf(d.Out, "  %-22s %-10s %-15s %6d  %s\n", h.FQDN, h.Status, h.Reason, len(h.Evaluations), h.Detail)
		if err := d.judgeHost(h); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", h.FQDN, err))
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return fmt.Errorf("not every host ended as it should:\n%w", err)
	}
	fmt.Fprintf(d.Out, "\nEvery host ended as it should: %d patched once, inside the window; %s left alone.\n", hosts-1, short(hopeless))
	return nil
}

func (d *demonstration) judgeHost(h jobHost) error {
	asked := d.stack.Fleet.ExecutionsOf(h.FQDN, "patch_apply")
	if h.FQDN == hopeless {
		return judgeHopeless(h, len(asked))
	}
	if h.Status != "succeeded" {
		return fmt.Errorf("is %s (%s) instead of succeeded", h.Status, h.Reason)
	}
	if len(asked) != 1 {
		return fmt.Errorf("was asked to patch %d times instead of once", len(asked))
	}
	if last := d.windowEnd.Add(-cutoff); !asked[0].StartedAt.Before(last) {
		return fmt.Errorf("was patched at %s, after the last start at %s", asked[0].StartedAt.UTC().Format(time.TimeOnly), last.Format(time.TimeOnly))
	}
	if left := d.stack.Fleet.Host(h.FQDN).Pending(); len(left) > 0 {
		return fmt.Errorf("still lacks %v", left)
	}
	if h.FQDN == recovering && (!d.recovered || len(h.Evaluations) <= triesBeforeRecovery) {
		return errors.New("did not wait at the gate until it recovered")
	}
	return nil
}

func judgeHopeless(h jobHost, asked int) error {
	if h.Status != "failed" || h.Reason != "window_closed" || h.Attempted {
		return fmt.Errorf("is %s (%s, attempted: %t) instead of failed (window_closed, attempted: false)", h.Status, h.Reason, h.Attempted)
	}
	if asked != 0 {
		return fmt.Errorf("was asked to patch %d times though it was never healthy", asked)
	}
	return nil
}
