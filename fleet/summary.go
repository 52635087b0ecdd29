package fleet

// Summary counts what a caller sees of the fleet. Each number is that of the list with the filter of its name.
type Summary struct {
	Hosts  int
	Health map[HealthState]int
	Agents map[AgentState]int
	// PendingHosts have pending patches, PendingPatches of them together.
	PendingHosts, PendingPatches int
	RebootRequired               int
	Stale                        int
	CertificatesExpiring         int
	// JobHosts and Jobs are the unfinished ones.
	JobHosts map[Status]int
	Jobs     map[Status]int
}

// CountJobs counts the jobs that have an unfinished host, and their unfinished hosts.
func (s *Summary) CountJobs(jobs []map[Status]int) {
	s.JobHosts, s.Jobs = map[Status]int{}, map[Status]int{}
	for _, hosts := range jobs {
		s.Jobs[JobStatus(hosts)]++
		for status, n := range hosts {
			if !status.Terminal() {
				s.JobHosts[status] += n
			}
		}
	}
}
