package workflows

// Change ids for workflow.GetVersion, one for each change of the workflows' commands after a release, newest last.
// A change goes by such an id and the replay of the stored histories.
const (
	// changePruneExpired: Prune ends with the activity PruneExpired.
	changePruneExpired = "prune-expired"
)
