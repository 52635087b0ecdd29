// Command histories records the runs that the replay test of package workflows replays: for each kind of run one history for each
// branch that it can take. It is built in the tree of a release, against the workflows of that release
// (scripts/record-histories.sh), and uses nothing else of ours but what starts Temporal. Temporal is real; what activities
// answer is scripted, so that a branch is taken on purpose and in seconds.
package main
