// Package gather carries out what many ask for at the same time in rounds. It knows nothing of what is asked.
package gather
