# make run and make test are all the set-up that a fresh machine needs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# A number of runs, not a time: go test now and then reports the end of a time limit as a failure.
FUZZTIME ?= 5000x
LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
PACKAGES := ./...
# Hidden folders and node_modules are no packages of ours.
GO_DIRS := main.go quotes feed web views static e2e

.PHONY: FORCE help run build test check bench soak storm kill bench-feeds bench-go market fuzz screenshot generate golden browser postgres npm clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## serve http://127.0.0.1:8080 with the simulated market (ARGS="--feed …" for more)
	@go run . $(ARGS)

build: ## build bin/tickboard
	go build -trimpath -o bin/tickboard .

test: browser postgres npm ## run all tests with the race detector, the browser's too
	@mkdir -p bin
	@echo "go test -race ./... (the whole output goes to bin/test.log)"
	@status=0; go test -race -timeout 20m -v $$(go list $(PACKAGES) | grep -v /e2e) > bin/test.log 2>&1 || status=$$?; \
	go test -race -timeout 20m -v -p 1 ./e2e/... >> bin/test.log 2>&1 || status=$$?; \
	$(MAKE) --no-print-directory fuzz FUZZTIME=$(FUZZTIME) || status=1; \
	.ci/summary bin/test.log; exit $$status

check: ## format, vet, lint, generated code fresh
	@test -z "$$(gofmt -l $(GO_DIRS))" || { echo "run gofmt -w on:"; gofmt -l $(GO_DIRS); exit 1; }
	go vet $(PACKAGES)
	go tool templ generate -check -path views
	go tool templ fmt -fail views
	$(LINT) run $(PACKAGES)

bench: build bin/field bench-feeds ## measure the decoders, and the streams against a bare writer and others (ARGS="-scale 0.2 -runs 1" for a first look)
	go run ./e2e/load -binary bin/tickboard -field bin/field $(ARGS)

bin/field: FORCE # the Go libraries of the comparison, in a module of their own; what both modules need follows this one
	@mkdir -p bin && cp e2e/load/field/go.mod bin/field.mod && cp e2e/load/field/go.sum bin/field.sum
	go build -C e2e/load/field -mod=mod -modfile=$(CURDIR)/bin/field.mod -o $(CURDIR)/bin/field .

bench-feeds: ## measure what each vendor's decoder does on one core with real messages
	@go test -run '^$$' -bench '^BenchmarkDecode$$' -benchmem -cpu 1 ./feed/... | awk ' \
		$$1 == "pkg:" { n = split($$2, path, "/"); feed = path[n] } \
		$$1 ~ /^BenchmarkDecode/ { rate = 1e9 / $$3; for (i = 3; i < NF; i += 2) if ($$(i+1) == "messages/s") rate = $$i; \
			sub(/^BenchmarkDecode\/?/, "", $$1); printf "  %-10s %9d messages a second and core%s\n", feed, rate, $$1 ? " (" $$1 ")" : "" } \
		/^(FAIL|---|panic)|_test\.go/ { print }'

soak: build ## 19,000 streams for ten minutes, with symbols moving (ARGS="-soak 2m -scale 0.1" for less)
	go run ./e2e/load -binary bin/tickboard -scenarios soak $(ARGS)

storm: build ## 15,000 clients gone at once and back within five seconds
	go run ./e2e/load -binary bin/tickboard -scenarios storm $(ARGS)

kill: ## kill the program a hundred times while prices move, and count the alerts
	go test -race -timeout 20m ./e2e -run '^TestKillsDoubleAndLoseNoAlert$$' -count 1 -v -kills 100

bench-go: ## run the benchmarks of the packages, with their allocations
	go test -run '^$$' -bench . -benchmem $(PACKAGES)

market: ## print the figures of a simulated day beside those of a real session
	go test ./feed/sim -run '^TestADayIsLikeTheTable$$' -v -count 1

fuzz: ## run every fuzz target for FUZZTIME each (make fuzz FUZZTIME=5m)
	@grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' quotes feed web views e2e | sed -E 's|/[^/]+_test.go:func |\t|' | sort -u | \
	while IFS=$$'\t' read -r dir name; do \
		echo "fuzz $$dir $$name for $(FUZZTIME)"; \
		go test "./$$dir" -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x > bin/fuzz.log 2>&1 || { cat bin/fuzz.log; exit 1; }; \
	done

screenshot: browser ## make the README's picture anew
	go test ./e2e -run TestScreenshot -screenshot ../.github/dashboard.png -count 1

generate: ## generate Go from the templ files
	go tool templ fmt views
	go tool templ generate -path views

golden: ## take the views as they are now for the golden files
	go test ./views -update

browser: # finds Chromium, or installs Debian's when that is possible
	@command -v chromium chromium-browser google-chrome > /dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium > /dev/null; \
	else echo "The browser tests need Chromium: install your system's chromium package."; exit 1; fi

postgres: # finds PostgreSQL, or installs Debian's when that is possible
	@command -v initdb > /dev/null && exit 0; \
	if ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql > /dev/null; \
	else echo "The database tests need PostgreSQL: install your system's postgresql package."; exit 1; fi

npm: # what only the tests take from npm: axe-core
	@if [ -d node_modules/axe-core ]; then exit 0; fi; \
	if command -v npm > /dev/null; then npm ci --ignore-scripts --no-audit --no-fund --silent; \
	else echo "The accessibility tests need npm: install Node.js 20 or newer."; exit 1; fi

clean: ## remove what was built
	rm -rf bin node_modules
