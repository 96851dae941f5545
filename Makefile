.DEFAULT_GOAL := help
.PHONY: run test generate check lint revise drift release-check bench fuzz soak help
ROUNDS := 10
COMMAND := api/cmd/sakari
CONSUMER := .ci/consumer
CONTACT := gen/testdata/contact.json
export FROM := HEAD:openapi.yaml
export TO := openapi.yaml
export SPEC

run: ## send the vendor page's contact to a fake server
	go run -C $(COMMAND) . create -sandbox $(CURDIR)/$(CONTACT)

test: ## run all tests with the race detector, and those of allocations and tools without it
	go test -race -timeout 5m ./...
	go test -C $(COMMAND) -race -timeout 5m ./...
	go test -run TestCost ./api
	go test -C .tools ./...
	go test -C .tools/bench ./printers

generate: ## generate gen/ from openapi.yaml, and the client that make bench compares with
	go generate ./...
	go generate -C .tools/bench .

check: lint release-check ## check the spec, gen/, what a spec may have, modules, format, lint and changelog
	go run github.com/getkin/kin-openapi/cmd/validate -- openapi.yaml
	go test -count=1 ./gen
	@go test -count=1 -v -run TestSpec_MatchesTheSamples ./gen | sed -n 's/^.*_test.go:[0-9]*: warning/warning/p'
	.ci/generated
	.ci/kinds
	go mod tidy -diff
	go mod -C $(COMMAND) tidy -diff
	go mod -C $(CONSUMER) tidy -diff
	go mod -C .tools tidy -diff
	go mod -C .tools/bench tidy -diff
	@echo 'gofmt -l .'; test -z "$$(gofmt -l . | tee /dev/stderr)"

lint: ## check line width and spelling, and run vet and staticcheck
	.ci/width
	git ls-files ':!*testdata*' ':!*go.sum' | xargs go tool -modfile=.tools/go.mod misspell -error
	go vet ./...
	go vet -C $(COMMAND) ./...
	go vet -C $(CONSUMER) ./...
	go vet -C .tools ./...
	go vet -C .tools/bench ./...
	go tool -modfile=.tools/go.mod staticcheck -checks all ./...
	go tool -C $(COMMAND) -modfile=$(CURDIR)/.tools/go.mod staticcheck -checks all ./...
	go tool -C $(CONSUMER) -modfile=$(CURDIR)/.tools/go.mod staticcheck -checks all ./...
	go tool -C .tools staticcheck -checks all ./...

revise: ## report what a change of the spec breaks, FROM=file-or-revision:file TO=the same
	go run -C .tools ./spec revise "$$FROM" "$$TO"

drift: ## compare the vendor's own OpenAPI document with the spec, SPEC=file
	go run -C .tools ./spec drift "$$SPEC"

release-check: ## compare CHANGELOG.md with the changes since the last release
	go run -C .tools ./spec release-check
	.ci/consumer/run

bench: ## compare ways to call the API, in ROUNDS rounds
	go test -C .tools/bench -count=1 -v -timeout 30m . -rounds $(ROUNDS)

fuzz: ## run each fuzz test for a minute, or FUZZTIME
	.ci/fuzz

soak: ## 100 callers of a server that fails in every way, for two minutes
	go test -count=1 -v -run TestSoak ./api -soak 110s

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 16
