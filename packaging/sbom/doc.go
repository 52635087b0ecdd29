// Command sbom lists what a program of ours is made of, as a bill of materials in CycloneDX's format: the Go modules that the
// linker has written into the program, and the npm packages of a lock file where the program has a web UI in it. The same
// input gives the same bytes, so that packages with it are the same whoever builds them.
//
//	sbom -name patch-manager -version 1.2.3 -at 1700000000 [-lock web/package-lock.json] bin/patch-manager
package main
