// Package bench compares this client with other ways to call the API. Run it with
//
//	go test -C .tools/bench -count=1 -v -timeout 30m . -rounds 10
//
// Every way writes the whole contact and reads the whole list. Those that check hold both against
// the contract, as far as they go: ogen leaves out the path. (The bare generated client does not
// count among them: its types, which are this client's too, refuse what their schemas do not
// allow, but nothing looks at the rest.) A ratio below 1 is less time or memory than the other's,
// or fewer calls.
package bench

//go:generate go tool ogen -config ogen.yml -clean -target ogen -package ogen ../../openapi.yaml
