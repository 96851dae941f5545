// Package bench compares this client with other ways to call the API. Run it with
//
//	go test -C .tools/bench -count=1 -v -timeout 30m . -rounds 10
//
// Every way writes the whole contact and reads the whole list. Some validate both against the spec;
// ogen does not validate the path. The bare generated client is not one of them. Its types, which
// this client uses too, refuse what their schemas do not allow, but nothing validates the rest. A
// ratio below 1 is less time or memory, or fewer calls.
package bench

//go:generate go tool ogen -config ogen.yml -clean -target ogen -package ogen ../spec/testdata/spec.yaml

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/go-resty/resty/v2"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
	"github.com/sakari-go/sakari-go/tools/bench/ogen"
)

const (
	token      = "made-for-this-test"
	account    = "acc"
	listPath   = "/v1/accounts/" + account + "/attributes"
	createPath = listPath + "/contacts"
	minListed  = 200 // attributes in each list
)

// way is one way to call the API.
type way struct {
	name      string
	validates bool // requests and responses against the spec
	open      func(base string, client *http.Client) calls
}

// calls are the calls that a way can make.
type calls struct{ create, list call }

type call = func(context.Context) error

// Indexes in ways of those that all are compared with.
const floorWay, usualWay = 0, 2

var ways = []way{
	{name: "floor: plain structs, net/http", open: openPlain},
	{name: "generated client, bare", open: openGenerated},
	{name: "usual way: openapi3filter", validates: true, open: openFiltered},
	{name: "ogen", validates: true, open: openOgen},
	{name: "resty", open: openResty},
	{name: "this client", validates: true, open: openOwn},
}

func openOwn(base string, client *http.Client) calls {
	own := must(api.New(account,
		api.WithBaseURL(base), api.WithToken(token), api.WithHTTPClient(client)))
	contact := pageContact[gen.Contact]()
	return calls{
		create: func(ctx context.Context) error {
			_, err := own.CreateAttribute(ctx, gen.AttributeTypeContacts, *contact)
			return err
		},
		list: func(ctx context.Context) error {
			n := 0
			for _, err := range own.ListAttributes(ctx, gen.ListAttributesParams{}) {
				if err != nil {
					return err
				}
				n++
			}
			return expect(n >= minListed, nil)
		},
	}
}

func openGenerated(base string, client *http.Client) calls {
	authorize := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	generated := must(gen.NewClientWithResponses(base,
		gen.WithHTTPClient(client), gen.WithRequestEditorFn(authorize)))
	contact := pageContact[gen.Contact]()
	return calls{
		create: func(ctx context.Context) error {
			response, err := generated.CreateAttributeWithResponse(
				ctx, account, gen.AttributeTypeContacts, *contact)
			return expect(err == nil && response.JSON200 != nil && response.JSON200.Success, err)
		},
		list: func(ctx context.Context) error {
			response, err := generated.ListAttributesWithResponse(
				ctx, account, &gen.ListAttributesParams{})
			return expect(err == nil && response.JSON200 != nil && response.JSON200.Success &&
				len(response.JSON200.Data) >= minListed, err)
		},
	}
}

func openFiltered(base string, client *http.Client) calls {
	doc := must(openapi3.NewLoader().LoadFromFile("../../openapi.yaml"))
	doc.Servers[0].URL = base
	transport := &filteringTransport{must(gorillamux.NewRouter(doc)), client.Transport}
	return openGenerated(base, &http.Client{Transport: transport})
}

// filteringTransport validates requests and responses as kin-openapi's documentation shows.
type filteringTransport struct {
	router routers.Router
	next   http.RoundTripper
}

func (f *filteringTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	route, params, err := f.router.FindRoute(r)
	if err != nil {
		return nil, err
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}
	if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
		return nil, err
	}
	response, err := f.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	received := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: response.StatusCode, Header: response.Header,
		Body:    io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(r.Context(), received); err != nil {
		return nil, err
	}
	return response, nil
}

type ogenToken struct{}

func (ogenToken) OAuth2(context.Context, ogen.OperationName) (ogen.OAuth2, error) {
	return ogen.OAuth2{Token: token}, nil
}

func openOgen(base string, client *http.Client) calls {
	generated := must(ogen.NewClient(base, ogenToken{}, ogen.WithClient(client)))
	contact := pageContact[ogen.Contact]()
	return calls{
		create: func(ctx context.Context) error {
			response, err := generated.CreateAttribute(ctx, contact, ogen.CreateAttributeParams{
				AccountId: account, AttributeType: ogen.AttributeTypeContacts,
			})
			good, ok := response.(*ogen.AutotopupResponse)
			return expect(ok && good.Success, err)
		},
		list: func(ctx context.Context) error {
			response, err := generated.ListAttributes(ctx,
				ogen.ListAttributesParams{AccountId: account})
			page, ok := response.(*ogen.AttributeListResponse)
			return expect(ok && page.Success && len(page.Data) >= minListed, err)
		},
	}
}

func openResty(base string, client *http.Client) calls {
	// It warns of a token over http at every call, which would be measured too.
	c := resty.NewWithClient(client).SetBaseURL(base).SetAuthToken(token).SetDisableWarn(true)
	contact := pageContact[plainContact]()
	return calls{
		create: func(ctx context.Context) error {
			var created plainResponse
			response, err := c.R().SetContext(ctx).SetBody(contact).SetResult(&created).
				Post(createPath)
			return expect(created.Success && response.IsSuccess(), err)
		},
		list: func(ctx context.Context) error {
			var page plainPage
			response, err := c.R().SetContext(ctx).SetResult(&page).Get(listPath)
			return expect(
				page.Success && response.IsSuccess() && len(page.Data) >= minListed, err)
		},
	}
}

// expect returns an error for a response that does not report success.
func expect(success bool, err error) error {
	if err == nil && !success {
		err = errors.New("no success")
	}
	return err
}

// pageContact returns the contact of the vendor's page.
func pageContact[T any]() *T {
	contact := new(T)
	check(json.Unmarshal(must(os.ReadFile("../../gen/testdata/contact.json")), contact))
	return contact
}

// check panics: only a mistake in this package makes it fail.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}
