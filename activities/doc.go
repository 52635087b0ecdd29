// Package activities holds the side effects of the workflows as verbs, each safe to run twice. It declares the
// interfaces it needs and never imports the adapters that fulfil them.
package activities
