package fleet

import "time"

// How far around the asked stretch windows are looked at.
const (
	// spanLookBack keeps the real start of a span that is in progress, unless adjacent windows have made it longer.
	spanLookBack = 35 * 24 * time.Hour
	// spanLookAhead covers the end of any window that starts in the asked stretch.
	spanLookAhead = MaxWindowMinutes * time.Minute
	// immediateLookAhead is how far ahead the next blackout is looked for.
	immediateLookAhead = 60 * 24 * time.Hour
)

// EffectiveSpans returns the stretches of time in which a host may be patched that end after from and start before until:
// the union of its enabled maintenance windows less every enabled blackout, ascending, in UTC. The windows given are all
// those that apply to the host. LastStart is End - cutoff whatever ends the span, and a stretch that is not longer than
// cutoff is left out.
//
// A span in progress at from keeps its real start. Windows that adjoin for ever, such as a daily one of 24 h, make spans
// without bounds; of these End is at most until + the longest window (one week), and Start is where the window in
// progress 35 days before from began.
//
// A blackout whose times can not be computed forbids everything: what can not be judged must not open a window.
func EffectiveSpans(windows []Window, from, until time.Time, cutoff time.Duration) []Span {
	since, to := from.Add(-spanLookBack), until.Add(spanLookAhead)
	open := mergeSpans(spansOf(windows, Maintenance, since, to), 0)
	shut := mergeSpans(spansOf(windows, Blackout, since, to), 0)
	var effective []Span
	for _, s := range subtractSpans(open, shut) {
		s.End = earlier(s.End, to)
		s.LastStart = s.End.Add(-cutoff)
		if s.Start.Before(until) && s.End.After(from) && s.LastStart.After(s.Start) {
			effective = append(effective, s)
		}
	}
	return effective
}

// NextSpan returns the first effective span, of those that start within horizon after at, in which a patch may still be
// started after at; it may be in progress. See EffectiveSpans.
func NextSpan(windows []Window, at time.Time, horizon, cutoff time.Duration) (Span, bool) {
	for _, s := range EffectiveSpans(windows, at, at.Add(horizon), cutoff) {
		if s.LastStart.After(at) {
			return s, true
		}
	}
	return Span{}, false
}

// ImmediateSpan says whether an immediate job may start on a host now, for which only blackouts matter. Where one holds
// it, or starts within cutoff, that blackout is returned: its Start and End take in further blackouts that leave no
// room between them, so that nothing can start before End. Otherwise the span begins now and ends at the next blackout;
// its End and LastStart are zero where none starts within 60 days. A blackout without an end is cut after as long.
func ImmediateSpan(windows []Window, now time.Time, cutoff time.Duration) (span Span, blackout *Span) {
	shut := spansOf(windows, Blackout, now.Add(-spanLookBack), now.Add(immediateLookAhead+spanLookAhead))
	for _, b := range mergeSpans(shut, cutoff) {
		if !b.End.After(now) {
			continue
		}
		if !b.Start.Add(-cutoff).After(now) {
			return Span{}, &b
		}
		if b.Start.After(now.Add(immediateLookAhead)) {
			break
		}
		return Span{Start: now.UTC(), LastStart: b.Start.Add(-cutoff), End: b.Start}, nil
	}
	return Span{Start: now.UTC()}, nil
}

// spansOf collects the occurrences of the enabled windows of a kind that end after from and start before until.
func spansOf(windows []Window, kind WindowKind, from, until time.Time) []Span {
	var spans []Span
	for _, w := range windows {
		switch {
		case !w.Enabled || w.Kind != kind:
		case kind == Blackout && w.validateTimes(0) != nil:
			spans = append(spans, Span{Start: from.UTC(), End: until.UTC()})
		default:
			spans = append(spans, w.OccurrencesBetween(from, until)...)
		}
	}
	return spans
}
