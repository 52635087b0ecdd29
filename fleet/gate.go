package fleet

import (
	"fmt"
	"strings"
	"time"
)

// GatePolicy bounds what counts as evidence.
type GatePolicy struct {
	// MaxResultAge is how old a result may be at the moment of dispatch.
	MaxResultAge time.Duration
	// MaxClockSkew is how far in the future a result may be stamped before it is no evidence at all.
	MaxClockSkew time.Duration
}

// Evidence is a check with its last stored result; nil where none was ever stored.
type Evidence struct {
	Check  Check
	Result *Result
}

// VerdictCode is the gate's answer in one word.
type VerdictCode string

// The verdicts of the gate.
const (
	VerdictOpen         VerdictCode = "open"
	VerdictOpenNoChecks VerdictCode = "open_no_checks"
	VerdictShut         VerdictCode = "shut"
)

// Verdict is what the gate decided and from what; it is stored whole and survives later edits of the checks.
type Verdict struct {
	Code   VerdictCode
	Detail string
	Checks []JudgedCheck
}

// JudgedCheck is one check as the gate saw it.
type JudgedCheck struct {
	CheckID    string     `json:"check_id"`
	Name       string     `json:"name"`
	Enabled    bool       `json:"enabled"`
	Passed     bool       `json:"passed"`
	Outcome    Outcome    `json:"outcome,omitempty"`
	Detail     string     `json:"detail"`
	CheckedAt  *time.Time `json:"checked_at,omitempty"`
	AgeSeconds *float64   `json:"age_seconds,omitempty"`
}

// Open reports whether the host may be patched.
func (v Verdict) Open() bool { return v.Code == VerdictOpen || v.Code == VerdictOpenNoChecks }

// Failing lists the checks that keep the gate shut.
func (v Verdict) Failing() []FailingCheck {
	var out []FailingCheck
	for _, c := range v.Checks {
		if c.Enabled && !c.Passed {
			out = append(out, FailingCheck{CheckID: c.CheckID, Name: c.Name, Detail: c.Detail, CheckedAt: c.CheckedAt})
		}
	}
	return out
}

// Gate decides whether a host may be patched at now. It opens only if every enabled check has a healthy result of at
// most MaxResultAge; a missing, stale, future or errored result, or one from before the check was edited, keeps it shut. Without an enabled check it is open.
func Gate(p GatePolicy, evidence []Evidence, now time.Time) Verdict {
	v := Verdict{Code: VerdictOpen, Checks: make([]JudgedCheck, 0, len(evidence))}
	var failing, disabled []string
	enabled := 0
	for _, e := range evidence {
		j := judge(p, e, now)
		v.Checks = append(v.Checks, j)
		switch {
		case !j.Enabled:
			disabled = append(disabled, j.Name)
		case j.Passed:
			enabled++
		default:
			enabled++
			failing = append(failing, Named(j.Name, j.Detail))
		}
	}
	switch {
	case len(failing) > 0:
		v.Code, v.Detail = VerdictShut, strings.Join(failing, "; ")
	case enabled > 0:
		v.Detail = fmt.Sprintf("all %d enabled checks healthy", enabled)
	default:
		v.Code, v.Detail = VerdictOpenNoChecks, "no enabled checks"
	}
	if len(disabled) > 0 {
		v.Detail += "; disabled: " + strings.Join(disabled, ", ")
	}
	return v
}

// Named is what a check says with its name before it, unless it begins with that itself.
func Named(name, detail string) string {
	if strings.HasPrefix(detail, name+" ") {
		return detail
	}
	return name + ": " + detail
}

func judge(p GatePolicy, e Evidence, now time.Time) JudgedCheck {
	j := JudgedCheck{CheckID: e.Check.ID, Name: e.Check.Name, Enabled: e.Check.Enabled}
	if !e.Check.Enabled {
		j.Detail = "disabled"
		return j
	}
	if e.Result == nil {
		j.Detail = "no result yet"
		return j
	}
	age := now.Sub(e.Result.CheckedAt)
	seconds := age.Seconds()
	j.CheckedAt, j.AgeSeconds, j.Outcome, j.Detail = &e.Result.CheckedAt, &seconds, e.Result.Outcome, e.Result.Detail
	switch {
	case !e.Result.Healthy():
	case age > p.MaxResultAge:
		j.Detail = fmt.Sprintf("last result is %s old, at most %s counts", age.Round(time.Second), p.MaxResultAge)
	case e.Result.CheckedAt.Before(e.Check.UpdatedAt):
		j.Detail = "the check was edited after its last result"
	case age < -p.MaxClockSkew:
		j.Detail = fmt.Sprintf("last result is stamped %s in the future", (-age).Round(time.Second))
	default:
		j.Passed = true
	}
	return j
}

// EvidenceUntil is the last instant at which the gate accepts the evidence that it accepts now; zero where there is no
// enabled check with a result.
func EvidenceUntil(p GatePolicy, evidence []Evidence) time.Time {
	var until time.Time
	for _, e := range evidence {
		if !e.Check.Enabled || e.Result == nil {
			continue
		}
		if t := e.Result.CheckedAt.Add(p.MaxResultAge); until.IsZero() || t.Before(until) {
			until = t
		}
	}
	return until
}

// Stale lists the enabled checks whose evidence the gate would not accept at now for its age alone, or that have none.
// margin is taken off the permitted age, so that evidence does not run out between the gate and the dispatch. An
// unhealthy result always counts as stale: the gate asks again.
func Stale(p GatePolicy, evidence []Evidence, now time.Time, margin time.Duration) []Check {
	var out []Check
	for _, e := range evidence {
		if !e.Check.Enabled {
			continue
		}
		if e.Result != nil && e.Result.Healthy() {
			age := now.Sub(e.Result.CheckedAt)
			if age <= p.MaxResultAge-margin && age >= -p.MaxClockSkew && !e.Result.CheckedAt.Before(e.Check.UpdatedAt) {
				continue
			}
		}
		out = append(out, e.Check)
	}
	return out
}
