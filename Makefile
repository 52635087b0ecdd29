# Every target is what CI runs; `.ci/run` calls `make check`.
SHELL := /bin/sh
.DEFAULT_GOAL := help
GO ?= go

.PHONY: help
help: ## Print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: ## See to what the machine lacks and build everything
	@scripts/ensure-deps.sh
	@scripts/build.sh

.PHONY: build
build: ## Build the web UI and the programs into bin/
	@scripts/web.sh build
	$(GO) build -o bin/ ./cmd/...

# exec, so that a signal to make's child is a signal to the program.
.PHONY: dev
dev: setup ## Run everything in the foreground, with a simulated fleet; Ctrl-C stops it
	@exec bin/patch-manager dev

.PHONY: web-dev
web-dev: ## Serve the web UI with hot reload, on the API that `make dev` runs (or PATCH_MANAGER_URL)
	@exec scripts/web.sh npm run dev

.PHONY: demo
demo: setup ## Run the main job over the simulated fleet in two minutes, and check how it ends
	@exec bin/patch-manager demo

.PHONY: demo-real
demo-real: ## Patch a real Debian guest (root on Debian or Ubuntu)
	@exec scripts/demo-real.sh

.PHONY: test-real
test-real: ## Hold the agent to its word in a real Debian guest (root on Debian or Ubuntu)
	@scripts/demo-real.sh --check
	@scripts/ensure-deps.sh real-host
	$(GO) test -tags realhost -count 1 -timeout 20m ./devstack/realhost

.PHONY: test
test: setup web-test ## Run every test that needs nothing outside
	$(GO) test -tags integration -timeout 30m ./...
	@$(MAKE) --no-print-directory web-e2e

.PHONY: web-test
web-test:
	@scripts/web.sh npm test

.PHONY: web-e2e
web-e2e: setup
	@scripts/ensure-deps.sh browser
	@scripts/web.sh npm run e2e

.PHONY: screenshots
screenshots: setup ## Draw every page of the web UI, in light and dark, into docs/screenshots
	@scripts/ensure-deps.sh browser
	@scripts/web.sh npm run screenshots

.PHONY: web-check
web-check: web-test
	@scripts/web.sh npm run lint
	@scripts/web.sh npm run generate-check
	@scripts/npm-audit.sh

.PHONY: check
check: setup fmt-check lint vulncheck generate-check openapi-check web-check race web-e2e faults-quick fuzz-short ## Run what CI runs
	@bin/patch-manager demo

.PHONY: race
race: setup
	$(GO) test -race -tags integration -timeout 30m ./...

# How long each target is fuzzed by `make fuzz`.
FUZZ_TIME ?= 10m

.PHONY: fuzz
fuzz: setup ## Fuzz every parser of outside bytes, each for FUZZ_TIME (10m)
	@GO=$(GO) scripts/fuzz.sh $(FUZZ_TIME)

.PHONY: fuzz-short
fuzz-short: setup
	@GO=$(GO) scripts/fuzz.sh 10s

.PHONY: fmt
fmt: ## Format the Go code
	"$$(scripts/tool.sh gofumpt)" -w $$(git ls-files '*.go' | grep -v '^store/sqlgen/')

.PHONY: fmt-check
fmt-check:
	@unformatted=$$("$$(scripts/tool.sh gofumpt)" -l $$(git ls-files '*.go' | grep -v '^store/sqlgen/')); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; fi

.PHONY: lint
lint: ## Lint, with the layering rules, and check the workflows for what breaks replay
	"$$(scripts/tool.sh golangci-lint)" run ./...
	"$$(scripts/tool.sh workflowcheck)" ./workflows/...
	$(GO) vet -tags failpoint ./failpoint

.PHONY: vulncheck
vulncheck: ## Look for known vulnerabilities in what the programs are built of
	@scripts/vulncheck.sh

.PHONY: generate
generate: ## Generate the code of the SQL queries
	"$$(scripts/tool.sh sqlc)" generate

.PHONY: generate-check
generate-check:
	"$$(scripts/tool.sh sqlc)" diff

.PHONY: openapi
openapi: ## Write the OpenAPI document, and the clients of it in Go and of the web UI
	$(GO) run ./cmd/patch-manager openapi > tmp.openapi.json && mv tmp.openapi.json api/openapi.json
	@scripts/web.sh npm run generate
	@scripts/client.sh > tmp.client.go && mv tmp.client.go client/generated.go

.PHONY: openapi-check
openapi-check: build
	@bin/patch-manager openapi | diff -u api/openapi.json - || { echo "api/openapi.json is not up to date, run make openapi"; exit 1; }
	@scripts/client.sh | cmp -s - client/generated.go || \
		{ echo "client/generated.go is not up to date, run make openapi"; exit 1; }

.PHONY: bench
bench: setup ## Measure what runs cost, beside the least that Temporal can do
	$(GO) build -o bin/bench ./bench
	@exec bin/bench

.PHONY: bench-full
bench-full: setup ## Measure also what takes hours: whole fleets, the gate and the API beside them
	$(GO) build -o bin/bench ./bench
	@exec bin/bench -full

.PHONY: faults
faults: setup ## Break every part of a running system while jobs run, and judge by what the hosts have logged
	@scripts/ensure-deps.sh faults
	$(GO) build -o bin/faults ./integration/faults
	@bin/faults -parallel 2
	$(GO) test -tags faults -count 1 -timeout 20m -run TestABrokenBuildIsSeen ./integration/faults

.PHONY: faults-quick
faults-quick: setup
	$(GO) build -o bin/faults ./integration/faults
	@exec bin/faults -quick -parallel 4

.PHONY: record-histories
record-histories: setup ## Record the runs that tests replay, by the workflows of RELEASE (a tag or commit)
	@scripts/record-histories.sh "$(RELEASE)"

.PHONY: package
package: setup ## Build the packages of this commit into dist/
	@scripts/package.sh

.PHONY: package-check
package-check: package ## Build them again elsewhere, judge them, and install and purge them in an empty Debian (as root)
	@scripts/ensure-deps.sh package
	@scripts/package-check.sh

.PHONY: clean
clean: ## Remove what was built, and the development state under .dev/
	@scripts/clean.sh
