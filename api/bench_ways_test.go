package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// way is one way to make the call of the vendor's page.
type way struct {
	name string
	call func() error
}

// The places of the ways that the figures compare.
const floorWay, usualWay, sakariWay = 0, 2, 3

// waysOver are the ways to make the call over a transport.
func waysOver(t *testing.T, base string, transport http.RoundTripper) []way {
	t.Helper()
	text, contact := pageContact(t)
	var plain plainContact
	unmarshal(t, text, &plain)
	httpClient := &http.Client{Transport: transport}
	bare := generatedOver(t, base, httpClient)
	usual := generatedOver(t, base, &http.Client{Transport: newFilteringTransport(t, base, transport)})
	sakari := newClient(t, base, api.WithHTTPClient(httpClient))
	unchecked := newClient(t, base, api.WithHTTPClient(httpClient), api.WithValidation(api.ValidationOff))
	return []way{
		{"the floor: plain structs, net/http", func() error { return plainCall(t.Context(), httpClient, base, &plain) }},
		{"generated client, bare", func() error { return generatedCall(t.Context(), bare, contact) }},
		{"the usual way: openapi3filter", func() error { return generatedCall(t.Context(), usual, contact) }},
		{"this client", func() error {
			_, err := sakari.CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
			return err
		}},
		{"this client, ValidationOff", func() error {
			_, err := unchecked.CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
			return err
		}},
	}
}

// plainContact and what it holds are what one writes by hand, who has no unknown properties to keep.
type plainContact struct {
	Email          *string           `json:"email,omitempty"`
	FirstName      *string           `json:"firstName,omitempty"`
	LastName       *string           `json:"lastName,omitempty"`
	Mobile         *plainMobile      `json:"mobile,omitempty"`
	Lists          []plainList       `json:"lists,omitempty"`
	Attributes     map[string]any    `json:"attributes,omitzero"`
	OptIn          *time.Time        `json:"optIn,omitempty"`
	Blocked        *time.Time        `json:"blocked,omitempty"`
	Activecampaign *plainIntegration `json:"activecampaign,omitempty"`
	Hubspot        *plainIntegration `json:"hubspot,omitempty"`
	Pipedrive      *plainIntegration `json:"pipedrive,omitempty"`
	Error          *plainError       `json:"error,omitempty"`
}

type plainMobile struct {
	Country  *string    `json:"country,omitempty"`
	Number   *string    `json:"number,omitempty"`
	Verified *time.Time `json:"verified,omitempty"`
	Valid    *bool      `json:"valid,omitempty"`
	LineType *string    `json:"lineType,omitempty"`
}

type plainList struct {
	Name   *string `json:"name,omitempty"`
	Source *struct {
		ID          *string `json:"id,omitempty"`
		Integration *string `json:"integration,omitempty"`
		LastSynced  *string `json:"lastSynced,omitempty"`
	} `json:"source,omitempty"`
	Keyword     *string `json:"keyword,omitempty"`
	DoubleOptIn *struct {
		Enabled *bool   `json:"enabled,omitempty"`
		Prompt  *string `json:"prompt,omitempty"`
	} `json:"doubleOptIn,omitempty"`
	Filter            *plainFilter `json:"filter,omitempty"`
	OptInConfirmation *string      `json:"optInConfirmation,omitempty"`
	OptIn             *time.Time   `json:"optIn,omitempty"`
	OptOut            *time.Time   `json:"optOut,omitempty"`
}

type plainFilter struct {
	Q          *string `json:"q,omitempty"`
	Attributes []struct {
		Attribute  *string  `json:"attribute,omitempty"`
		Comparator *string  `json:"comparator,omitempty"`
		Value      []string `json:"value,omitempty"`
	} `json:"attributes,omitempty"`
	List      *string `json:"list,omitempty"`
	Valid     *bool   `json:"valid,omitempty"`
	Invalid   *bool   `json:"invalid,omitempty"`
	Blocked   *bool   `json:"blocked,omitempty"`
	Unblocked *bool   `json:"unblocked,omitempty"`
	OptIn     *bool   `json:"optIn,omitempty"`
}

type plainIntegration struct {
	ID *int64 `json:"id,omitempty"`
}

type plainError struct {
	Code        *string `json:"code,omitempty"`
	Description *string `json:"description,omitempty"`
}

func plainCall(ctx context.Context, client *http.Client, base string, contact *plainContact) error {
	body, err := json.Marshal(contact)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/accounts/acc/attributes/contacts", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer made-for-this-test")
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var answer struct {
		Success bool
		Data    struct{ Amount, Below float64 }
	}
	if err := json.Unmarshal(text, &answer); err != nil || !answer.Success {
		return fmt.Errorf("success %v: %w", answer.Success, err)
	}
	return nil
}

func generatedOver(t *testing.T, base string, client *http.Client) *gen.ClientWithResponses {
	t.Helper()
	generated, err := gen.NewClientWithResponses(base, gen.WithHTTPClient(client), gen.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer made-for-this-test")
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return generated
}

func generatedCall(ctx context.Context, client *gen.ClientWithResponses, contact gen.Contact) error {
	answer, err := client.CreateAttributeWithResponse(ctx, "acc", gen.AttributeTypeContacts, contact)
	if err == nil && (answer.JSON200 == nil || !answer.JSON200.Success) {
		err = fmt.Errorf("status %d", answer.StatusCode())
	}
	return err
}

// filteringTransport checks requests and answers as kin-openapi's documentation shows it.
type filteringTransport struct {
	router routers.Router
	next   http.RoundTripper
}

func newFilteringTransport(t *testing.T, base string, next http.RoundTripper) *filteringTransport {
	t.Helper()
	doc := readContract(t)
	doc.Servers[0].URL = base
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &filteringTransport{router, next}
}

func (f *filteringTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	route, params, err := f.router.FindRoute(r)
	if err != nil {
		return nil, err
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
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
	return response, openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: response.StatusCode, Header: response.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
}

// stub answers without a network.
type stub struct{}

func (stub) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(yes)), ContentLength: int64(len(yes)),
	}, nil
}
