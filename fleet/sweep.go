package fleet

// Shard is a stretch of the hosts of one zone in order of their ids: from First to before End, where an empty bound is
// open, so that a host added during a sweep has its shard too.
type Shard struct {
	Zone  string `json:"zone"`
	First string `json:"first,omitempty"`
	End   string `json:"end,omitempty"`
	// Hosts is how many there were when the fleet was divided.
	Hosts int `json:"hosts"`
}

// HostChecks is a host as the poller needs it: how its agent is dialled and its enabled checks.
type HostChecks struct {
	Endpoint Endpoint
	Checks   []Check
}
