package fleet

import (
	"slices"
	"time"
)

// mergeSpans sorts spans by their start and joins those that overlap, adjoin, or lie at most gap apart.
func mergeSpans(spans []Span, gap time.Duration) []Span {
	sorted := slices.SortedFunc(slices.Values(spans), func(a, b Span) int { return a.Start.Compare(b.Start) })
	var merged []Span
	for _, s := range sorted {
		last := len(merged) - 1
		if last < 0 || s.Start.After(merged[last].End.Add(gap)) {
			merged = append(merged, s)
			continue
		}
		merged[last].End = later(merged[last].End, s.End)
	}
	return merged
}

// subtractSpans takes the spans of without out of those of from. Both are sorted and disjoint, and so is the result.
func subtractSpans(from, without []Span) []Span {
	var rest []Span
	for _, s := range from {
		for len(without) > 0 && !without[0].End.After(s.Start) {
			without = without[1:]
		}
		rest = append(rest, cut(s, without)...)
	}
	return rest
}

// cut takes out of s the spans of without, of which none ends before s starts.
func cut(s Span, without []Span) []Span {
	var rest []Span
	for _, w := range without {
		if !w.Start.Before(s.End) {
			break
		}
		if w.Start.After(s.Start) {
			rest = append(rest, Span{Start: s.Start, End: w.Start})
		}
		s.Start = w.End
	}
	if s.Start.Before(s.End) {
		rest = append(rest, s)
	}
	return rest
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
