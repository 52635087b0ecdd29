package fleet

import "slices"

// What became of a package of a job host.
const (
	PackagePending   = "pending"   // sent, outcome open
	PackageInstalled = "installed" // no longer pending on the host
	PackageHeld      = "held"      // held back by the host, not sent
	PackageFailed    = "failed"    // sent and still pending
	PackageUnknown   = "unknown"   // outcome not known
)

// ChoosePackages decides what is sent to a host: of what it lists as available, all where wanted is nil, else those
// wanted. Packages that the host holds back are recorded and not sent.
func ChoosePackages(wanted []string, available []Patch) []PackageResult {
	out := []PackageResult{}
	for _, p := range available {
		if wanted != nil && !slices.Contains(wanted, p.Name) {
			continue
		}
		r := PackageResult{Name: p.Name, From: p.CurrentVersion, To: p.Available, Result: PackagePending}
		if p.Held {
			r.Result = PackageHeld
		}
		out = append(out, r)
	}
	return out
}

// AdoptPackages describes the packages of an agent's job that is taken over; versions are known only of those that are
// still pending.
func AdoptPackages(names []string, available []Patch) []PackageResult {
	out := []PackageResult{}
	for _, name := range names {
		r := PackageResult{Name: name, Result: PackagePending}
		for _, p := range available {
			if p.Name == name {
				r.From, r.To = p.CurrentVersion, p.Available
			}
		}
		out = append(out, r)
	}
	return out
}

// JudgePackages says of each package that was sent whether it is installed: it is when the host lists it no longer, or
// lists a further update over another version than the one it had. It returns the names of those still pending; held
// ones are none of them.
func JudgePackages(sent []PackageResult, available []Patch) (judged []PackageResult, pending []string) {
	judged = slices.Clone(sent)
	for i, p := range judged {
		if p.Result == PackageHeld {
			continue
		}
		judged[i].Result = PackageInstalled
		for _, a := range available {
			switch {
			case a.Name != p.Name || movedOn(p, a):
			case a.Held:
				judged[i].Result = PackageHeld
			default:
				judged[i].Result = PackageFailed
				pending = append(pending, p.Name)
			}
		}
	}
	return judged, pending
}

// movedOn reports whether a, which is pending now, comes after the update that was sent. That another version is
// available does not say so: it may have been published while nothing was installed.
func movedOn(sent PackageResult, a Patch) bool {
	return sent.To != "" && a.Available != sent.To && a.CurrentVersion != sent.From
}

// FindLostApply returns the id of the one apply in jobs that must be the attempt's: new since its intent and with its
// packages. Two that fit are none, since nobody knows which is ours.
func FindLostApply(jobs []AgentJob, a Attempt) string {
	var sent []string
	for _, p := range a.Packages {
		if p.Result == PackagePending {
			sent = append(sent, p.Name)
		}
	}
	slices.Sort(sent)
	found := ""
	for _, j := range jobs {
		names := slices.Sorted(slices.Values(j.Packages))
		if j.Operation != AgentApply || slices.Contains(a.AgentJobsSeen, j.ID) || !slices.Equal(names, sent) {
			continue
		}
		if found != "" {
			return ""
		}
		found = j.ID
	}
	return found
}
