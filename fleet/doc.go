// Package fleet holds the nouns of Patch Manager, the kinds of errors, and its pure decisions: the gate, the windows and
// the roll-up of a job. Every decision is a function of its arguments, `now` included, and says its reasons in its
// result. It imports the standard library only and does no input or output.
package fleet
