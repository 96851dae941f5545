.DEFAULT_GOAL := help
.PHONY: run test generate check lint bench fuzz soak help
ROUNDS := 10
CONTACT := api/cmd/sakari/testdata/contact.json

run: ## send the vendor page's contact to a double of the API
	go run ./api/cmd/sakari create -sandbox $(CONTACT)

test: ## run all tests with the race detector
	go test -race ./...

generate: ## make gen/ of openapi.yaml
	go generate ./...

check: lint ## contract and its examples valid, gen/ current, modules tidy, code formatted and linted
	go run github.com/getkin/kin-openapi/cmd/validate -- openapi.yaml
	go test -count=1 ./gen
	.ci/generated
	go mod tidy -diff
	@echo 'gofmt -l .'; test -z "$$(gofmt -l . | tee /dev/stderr)"

lint: ## vet and staticcheck
	go vet ./...
	go tool -modfile=.tools/go.mod staticcheck -checks all ./...

bench: ## compare ways to make a call, in ROUNDS rounds, and hold its allocations to their figure
	go test -count=1 -v -run '^Test(Cost|Bench)' ./api -rounds $(ROUNDS)

fuzz: ## run each fuzz test for a minute, or FUZZTIME
	.ci/fuzz

soak: ## 100 callers of a server that fails in every way, for two minutes
	go test -count=1 -v -run TestSoak ./api -soak 110s

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 10
