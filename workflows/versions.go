package workflows

// Change ids for workflow.GetVersion, one for each change of the workflows' commands after a release, newest last.
// There was no release yet, so there is none. A change goes by such an id and the replay of the stored histories.
