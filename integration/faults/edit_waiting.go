package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack"
)

// hostEdit is a change of something on which the dispatch of a host depends, made while its job waits, and what is to come of the
// host by it. How things are when it could be dispatched decides, and nothing else.
type hostEdit struct {
	name   string
	sick   string         // what keeps the gate shut until then: service or agenttest.WebPage; empty for a gate that is open
	begin  step           // how the host begins, where that is not as every host does
	change step           // the edit
	stays  bool           // what keeps the gate shut is not mended right after it
	then   step           // once the windows that were to close have closed, until when nothing may begin
	checks []string       // of the host that are enabled from the edit on, where these are not service and page
	more   map[string]any // of the job
	status string         // at the end
	says   string         // by the end, or by the verdict that let it through
}

type step func(context.Context, *scene, *edited) error

// edited is a host with what is changed of it.
type edited struct {
	*host
	hostEdit
	client *devstack.Client // whose job it is
	group  string           // that it is in or comes into, where there is one
	user   string           // who made the job, where it was not the administrator
	closes time.Time        // the window that it waited in; zero where that lasts
	job    string
}

// editWaiting edits what the dispatch of hosts depends on: of some while they wait at the gate, of the others between the
// agent's last answer before the intent and the intent.
func editWaiting(ctx context.Context, s *scene) error {
	list := make([]*edited, len(s.hosts))
	for i, e := range slices.Concat(waitingEdits, waitingEdits, lateEdits) {
		list[i] = &edited{host: s.hosts[i], hostEdit: e, client: s.API}
	}
	waiting, late := list[:2*len(waitingEdits)], list[2*len(waitingEdits):]
	if err := s.beginEdits(ctx, list); err != nil {
		return err
	}
	if err := s.editAtTheGate(ctx, waiting); err != nil {
		return err
	}
	for _, e := range late {
		if err := s.editBeforeTheIntent(ctx, e); err != nil {
			return err
		}
	}
	if err := s.goOn(ctx, waiting); err != nil {
		return err
	}
	s.awaitEnds(ctx)
	return s.expectEdits(ctx, list)
}

// beginEdits has hosts as they are to be before their jobs are submitted.
func (s *scene) beginEdits(ctx context.Context, list []*edited) error {
	var sick []*host
	for _, e := range list {
		switch e.sick {
		case service:
			e.SetServiceHealthy(service, false)
			sick = append(sick, e.host)
		case agenttest.WebPage:
			e.SetWebHealthy(false)
			sick = append(sick, e.host)
		}
		if e.begin == nil {
			continue
		}
		if err := e.begin(ctx, s, e); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return s.awaitUnhealthy(ctx, sick)
}

// editAtTheGate edits hosts that wait at the gate.
func (s *scene) editAtTheGate(ctx context.Context, list []*edited) error {
	if err := s.submitEdited(ctx, list); err != nil {
		return err
	}
	s.awaitRuns(ctx, run.atTheGate)
	for _, e := range list {
		s.faults++
		if err := s.makeEdit(ctx, e); err != nil {
			return err
		}
		if !e.stays {
			e.mend()
		}
	}
	return nil
}

// submitEdited submits a job for all hosts, and those whose job is a special one for each.
func (s *scene) submitEdited(ctx context.Context, list []*edited) (err error) {
	var plain []*host
	for _, e := range list {
		if e.client == s.API && e.more == nil {
			plain = append(plain, e.host)
			continue
		}
		if e.job, err = s.submitBy(ctx, e.client, []*host{e.host}, e.more); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	job, err := s.submit(ctx, plain, nil)
	for _, e := range list {
		if e.job == "" {
			e.job = job
		}
	}
	return err
}

// editBeforeTheIntent edits a host of which everything is well between the last that its agent is asked before an intent and
// the intent.
func (s *scene) editBeforeTheIntent(ctx context.Context, e *edited) (err error) {
	asked, done := make(chan struct{}), make(chan struct{})
	defer close(done)
	e.Inject("GET /system/info", 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		asked <- struct{}{}
		<-done
		next.ServeHTTP(w, r)
	})
	if e.job, err = s.submitBy(ctx, e.client, []*host{e.host}, e.more); err != nil {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		return fmt.Errorf("%s: the agent was not asked", e.name)
	case <-asked:
	}
	s.faults++
	return s.makeEdit(ctx, e)
}

func (s *scene) makeEdit(ctx context.Context, e *edited) error {
	if err := e.change(ctx, s, e); err != nil {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	if e.hostEdit.checks != nil {
		e.host.checks = e.hostEdit.checks
	}
	return nil
}

// goOn takes the last steps, once the windows that hosts began with have closed.
func (s *scene) goOn(ctx context.Context, list []*edited) error {
	for _, e := range list {
		if err := sleep(ctx, time.Until(e.closes.Add(-cutoff+time.Second))); err != nil {
			return err
		}
	}
	for _, e := range list {
		if e.then == nil {
			continue
		}
		s.expect(len(s.Fleet.ExecutionsOf(e.FQDN(), applied)) == 0, "%s: %s was patched before", e.name, e.FQDN())
		if err := e.then(ctx, s, e); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

func (e *edited) mend() {
	e.SetServiceHealthy(service, true)
	e.SetWebHealthy(true)
}

// expectEdits holds what came of each host against its edit, by the host's own log and by the reason that people are shown.
func (s *scene) expectEdits(ctx context.Context, list []*edited) error {
	for _, e := range list {
		var is struct {
			run
			Evaluations []struct{ Verdict, Detail string }
		}
		if err := s.API.Do(ctx, http.MethodGet, "/jobs/"+e.job+"/hosts/"+e.id, nil, &is); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		said := is.Detail
		if n := len(is.Evaluations); e.status == "succeeded" && n > 0 {
			said = is.Evaluations[n-1].Detail
		}
		done := len(s.Fleet.ExecutionsOf(e.FQDN(), applied))
		s.expect(is.Status == e.status, "%s: %s is %s: %s", e.name, e.FQDN(), is.Status, is.Detail)
		s.expect(strings.Contains(said, e.says), "%s: %s says %q, and not that %s", e.name, e.FQDN(), said, e.says)
		s.expect((done > 0) == (e.status == "succeeded"), "%s: %s was patched %d times", e.name, e.FQDN(), done)
	}
	return nil
}
