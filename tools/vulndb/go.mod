// Module vulndb pins the copy of the Go vulnerability database that is used where vuln.go.dev is out of reach.
module github.com/patch-manager/patch-manager/tools/vulndb

go 1.26.0

require golang.org/x/vulndb v0.0.0-20261105234957-e22db6528018
