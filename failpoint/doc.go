// Package failpoint ends the process at places that have a name, so that `make faults` sees what a crash just there leaves
// behind. Only a build with the tag failpoint can do so; in every other one Here is empty. It must not decide anything.
package failpoint

// The places, in the order in which a patch comes to them.
const (
	BeforeIntent  = "before-intent"  // everything allows the patch, and nothing is committed
	BeforeRequest = "before-request" // the intent is committed, and nothing is sent
	BeforeRecord  = "before-record"  // the agent answered, and nobody has written it down
)
