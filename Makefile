.DEFAULT_GOAL := help
.PHONY: run test generate check lint revise drift release-check bench fuzz soak help
ROUNDS := 10
CONTACT := api/cmd/sakari/testdata/contact.json
export FROM := HEAD:openapi.yaml
export TO := openapi.yaml
export SPEC

run: ## send the vendor page's contact to a double of the API
	go run ./api/cmd/sakari create -sandbox $(CONTACT)

test: ## run all tests with the race detector, and hold the allocations of a call to their figure without it
	go test -race -timeout 5m ./...
	go test -run TestCost ./api

generate: ## make gen/ of openapi.yaml, and the client that make bench compares with
	go generate ./...
	go generate -C .tools/bench ./...

check: lint ## contract and its examples valid, gen/ current, modules tidy, code formatted and linted
	go run github.com/getkin/kin-openapi/cmd/validate -- openapi.yaml
	go test -count=1 ./gen
	.ci/generated
	go mod tidy -diff
	go mod -C .tools tidy -diff
	go mod -C .tools/bench tidy -diff
	@echo 'gofmt -l .'; test -z "$$(gofmt -l . | tee /dev/stderr)"

lint: ## vet and staticcheck
	go vet ./... && go vet -C .tools ./...
	go tool -modfile=.tools/go.mod staticcheck -checks all ./...
	go tool -C .tools staticcheck -checks all ./...

revise: ## tell what a change of the contract breaks, FROM=file-or-revision:file TO=the same
	go run -C .tools ./contract revise "$$FROM" "$$TO"

drift: ## compare the vendor's own OpenAPI document with the contract, SPEC=file
	go run -C .tools ./contract drift "$$SPEC"

release-check: ## hold CHANGELOG.md against the changes since the last release, and build a program against this tree
	go run -C .tools ./contract release-check
	.ci/consumer/run

bench: ## compare ways to make a call, in ROUNDS rounds
	go test -C .tools/bench -count=1 -v -timeout 30m . -rounds $(ROUNDS)

fuzz: ## run each fuzz test for a minute, or FUZZTIME
	.ci/fuzz

soak: ## 100 callers of a server that fails in every way, for two minutes
	go test -count=1 -v -run TestSoak ./api -soak 110s

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 16
