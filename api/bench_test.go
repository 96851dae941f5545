package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// plainCall is the floor to compare with: encoding/json and net/http, and no check of anything.
func plainCall(b *testing.B, client *http.Client, base string, contact *gen.Contact) {
	b.Helper()
	type plain gen.Contact // without its methods
	body, err := json.Marshal((*plain)(contact))
	if err != nil {
		b.Fatal(err)
	}
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, base+"/v1/accounts/acc/attributes/contacts", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer made-for-this-test")
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	var answer gen.AutotopupResponse
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		b.Fatal(err)
	}
	_ = response.Body.Close()
}

// stub answers without a network.
type stub struct{}

func (stub) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(bytes.NewReader([]byte(yes))), ContentLength: int64(len(yes)),
	}, nil
}

func BenchmarkCall(b *testing.B) {
	_, contact := pageContact(b)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, yes)
	}))
	defer server.Close()
	for _, where := range []struct {
		name, base string
		transport  http.RoundTripper
	}{
		{"stub", "https://api.invalid", stub{}},
		{"socket", server.URL, &http.Transport{}},
	} {
		httpClient := &http.Client{Transport: where.transport}
		b.Run(where.name+"/plain", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				plainCall(b, httpClient, where.base, &contact)
			}
		})
		b.Run(where.name+"/sakari", func(b *testing.B) {
			client := newClient(b, where.base, api.WithHTTPClient(httpClient))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.CreateAttribute(b.Context(), gen.AttributeTypeContacts, contact); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
