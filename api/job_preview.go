package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// Why a host would not be patched, as things are now.
const (
	excludedNoWindow  = "no_window"
	excludedUnsettled = "outcome_unsettled"
)

// JobPreview is what a job would mean, as things are now.
type JobPreview struct {
	Hosts      int           `json:"hosts"`
	Excluded   int           `json:"excluded" doc:"How many of them would not be patched, as things are now"`
	Health     HealthCounts  `json:"health" doc:"How many of them are of which health now, by the last results of their checks and whatever the thresholds; those that are not healthy wait at the gate"`
	Items      []PreviewHost `json:"items" doc:"The excluded ones first, then by health: unhealthy, unknown, none, healthy; equal ones in order of their fqdn"`
	NextCursor *string       `json:"next_cursor" nullable:"true" doc:"Null on the last page; goes with the same body"`
}

// PreviewHost is one host of a job that was not made yet.
type PreviewHost struct {
	HostID          string     `json:"host_id" format:"uuid"`
	FQDN            string     `json:"fqdn"`
	Health          HostHealth `json:"health" doc:"Now, by the last results of its checks and whatever the thresholds; a host that is not healthy waits at the gate"`
	Busy            bool       `json:"busy" doc:"Another job patches the host now; it waits"`
	PendingPatches  *int       `json:"pending_patches" nullable:"true"`
	Span            *HostSpan  `json:"span" doc:"The span that would be used; null for an immediate job and where there is none"`
	EarliestStartAt *time.Time `json:"earliest_start_at" nullable:"true" doc:"If its checks are healthy by then; null where nothing would start"`
	Excluded        *Exclusion `json:"excluded" doc:"Null for a host that would be patched"`
}

// Exclusion says why a host would not be patched.
type Exclusion struct {
	_      struct{} `nullable:"true"`
	Reason string   `json:"reason" doc:"no_window or outcome_unsettled; new values may appear"`
	Detail string   `json:"detail"`
}

type (
	previewJobInput struct {
		PageQuery
		Body JobInput
	}
	previewJobAnswer struct{ Body JobPreview }
)

func (s *server) registerJobPreview() {
	handle(s, huma.Operation{
		OperationID: "previewJob", Method: http.MethodPost, Path: "/jobs/preview", Tags: []string{"Jobs"},
		Summary:     "See what a job would mean without making it",
		Description: "Refuses what creating the job would refuse. The counts are of all hosts, the items come in pages; each is of the moment it is asked for.", Errors: createErrors, Metadata: map[string]any{readsOnly: true},
	}, s.previewJob)
}

func (s *server) previewJob(ctx context.Context, by fleet.Caller, in *previewJobInput) (*previewJobAnswer, error) {
	request, err := s.jobRequest(in.Body, "")
	if err != nil {
		return nil, err
	}
	var after *previewPlace
	if in.Cursor != "" {
		after = &previewPlace{}
	}
	if err := errors.Join(request.Validate(s.Now()), readCursor("preview", in.Cursor, after)); err != nil {
		return nil, err
	}
	hosts, err := s.Store.JobCandidates(ctx, by, request, s.resultAges())
	if err != nil {
		return nil, err
	}
	windows, err := s.Store.WindowsForHosts(ctx, convert(hosts, func(h fleet.JobCandidate) string { return h.ID }))
	if err != nil {
		return nil, err
	}
	p := s.planner(request)
	ages := s.resultAges()
	all := make([]PreviewHost, len(hosts))
	for i, h := range hosts {
		all[i] = previewHost(h, p.plan(windows[h.ID]), ages)
	}
	return &previewJobAnswer{Body: previewPage(all, after, in.Limit)}, nil
}

// previewPlace is the place of a host in a preview: what somebody has to look at comes first.
type previewPlace struct {
	Rank int    `json:"r"`
	FQDN string `json:"f"` // in lower case, which is unique
}

func placeOf(h PreviewHost) previewPlace {
	place := previewPlace{Rank: 1 + fleet.HealthState(h.Health.State).Rank(), FQDN: strings.ToLower(h.FQDN)}
	if h.Excluded != nil {
		place.Rank = 0
	}
	return place
}

func (p previewPlace) compare(other previewPlace) int {
	return cmp.Or(cmp.Compare(p.Rank, other.Rank), cmp.Compare(p.FQDN, other.FQDN))
}

// previewPage counts all hosts and shows those that follow a place.
func previewPage(all []PreviewHost, after *previewPlace, limit int) JobPreview {
	preview, health := JobPreview{Hosts: len(all)}, map[fleet.HealthState]int{}
	var rest []PreviewHost
	for _, h := range all {
		health[fleet.HealthState(h.Health.State)]++
		if h.Excluded != nil {
			preview.Excluded++
		}
		if after == nil || placeOf(h).compare(*after) > 0 {
			rest = append(rest, h)
		}
	}
	slices.SortFunc(rest, func(a, b PreviewHost) int { return placeOf(a).compare(placeOf(b)) })
	preview.Health = healthCounts(health)
	preview.Items, preview.NextCursor = cut("preview", rest, limit, placeOf)
	if preview.Items == nil {
		preview.Items = []PreviewHost{}
	}
	return preview
}

func previewHost(h fleet.JobCandidate, p planned, ages fleet.ResultAges) PreviewHost {
	out := PreviewHost{
		HostID: h.ID, FQDN: h.FQDN, Health: healthBody(h.Health, ages), Busy: h.Busy, PendingPatches: h.PendingPatches,
		Span: p.span, EarliestStartAt: p.earliest, Excluded: p.excluded,
	}
	if h.Unsettled {
		out.EarliestStartAt = nil
		out.Excluded = &Exclusion{
			Reason: excludedUnsettled, Detail: "the outcome of an earlier patch is unknown and holds the host until an operator settles it",
		}
	}
	return out
}

// planner plans hosts of one job. Most hosts of a group have the same windows, so that each set of windows is planned once.
type planner struct {
	request fleet.JobRequest
	now     time.Time
	cutoff  time.Duration
	known   map[string]planned
}

// planned is what the windows of a host say of a job.
type planned struct {
	span     *HostSpan
	earliest *time.Time
	excluded *Exclusion
}

func (s *server) planner(r fleet.JobRequest) *planner {
	cutoffs := fleet.Cutoffs{Plain: s.Policy.Cutoff, WithReboot: s.Policy.CutoffWithReboot}
	return &planner{request: r, now: s.Now(), cutoff: cutoffs.For(r.AllowReboot), known: map[string]planned{}}
}

func (p *planner) plan(windows []fleet.Window) planned {
	key := windowSet(windows)
	if done, ok := p.known[key]; ok {
		return done
	}
	start := p.now
	if p.request.NotBefore != nil && p.request.NotBefore.After(start) {
		start = *p.request.NotBefore
	}
	if p.request.Immediate {
		p.known[key] = p.immediately(windows, start)
	} else {
		p.known[key] = p.inWindow(windows, start)
	}
	return p.known[key]
}

// immediately starts at once, or when the blackout that holds it is over.
func (p *planner) immediately(windows []fleet.Window, start time.Time) planned {
	_, blackout := fleet.ImmediateSpan(windows, start, p.cutoff)
	if blackout != nil {
		start = blackout.End
	}
	return planned{earliest: utc(&start)}
}

func (p *planner) inWindow(windows []fleet.Window, start time.Time) planned {
	span, ok := fleet.NextSpan(windows, start, p.request.MaxWait, p.cutoff)
	if !ok {
		return planned{excluded: &Exclusion{
			Reason: excludedNoWindow, Detail: "no maintenance window opens within " + durationText(p.request.MaxWait),
		}}
	}
	earliest := span.Start
	if earliest.Before(start) {
		earliest = start
	}
	return planned{span: &HostSpan{StartsAt: span.Start.UTC(), EndsAt: span.End.UTC()}, earliest: utc(&earliest)}
}
