// Package cli is the command line of people and scripts: what `patch-manager login`, `host`, `check`, `window`, `job` and `audit tail`
// do is to call the API, typed by its document. It knows nothing of what the API is made of.
package cli
