// Package web holds the built web UI and serves it: its page, under a policy of its own, and the files that it loads.
package web
