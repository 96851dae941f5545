package api_test

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/internal/faultserver"
	"github.com/sakari-go/sakari-go/gen"
)

// requestFaults are mistakes of the caller. The server receives nothing, not even a request for a
// token.
func requestFaults() []fault {
	var faults []fault
	add := func(name string, w want, call callFunc) {
		faults = append(faults, fault{name: name, call: call, want: w, tcpOnly: true})
	}
	for _, row := range []struct {
		name string
		kind gen.AttributeType
	}{
		{name: "unknown", kind: "no-such-type"},
		{name: "in other case", kind: "Contacts"},
		{name: "empty", kind: ""},
		{name: "with a blank", kind: "contacts "},
		{name: "with a slash", kind: "contacts/x"},
		{name: "dots", kind: ".."},
		{name: "a dot", kind: "."},
		{name: "escaped", kind: "contacts%2F"},
		{name: "with a query", kind: "contacts?x=1"},
		{name: "with a fragment", kind: "contacts#x"},
		{name: "with a newline", kind: "contacts\r\nX: y"},
		{name: "with a NUL", kind: "contacts\x00"},
		{name: "bad UTF-8", kind: "contacts\xff"},
		{name: "long", kind: gen.AttributeType(strings.Repeat("x", 1<<16))},
		{name: "with secrets", kind: faultserver.Email},
	} {
		add("attribute type: "+row.name, wantInvalidRequest.at("path.attributeType"),
			func(ctx context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
				return c.CreateAttribute(ctx, row.kind, faultContact, opts...)
			})
	}
	for _, row := range []struct{ name, id string }{
		{name: "empty", id: ""},
		{name: "a dot", id: "."},
		{name: "dots", id: ".."},
		{name: "with a slash", id: "a/b"},
		{name: "with a backslash", id: `a\b`},
		{name: "with a newline", id: "a\r\nb"},
		{name: "with a NUL", id: "a\x00"},
		{name: "with a DEL", id: "a\x7f"},
		{name: "with a C1 control", id: "a\u0085"},
		{name: "bad UTF-8", id: "a\xff"},
		{name: "half a surrogate", id: "\xed\xa0\x80"},
		{name: "of 129 bytes", id: strings.Repeat("x", 129)},
		{name: "of 33 emoji", id: strings.Repeat("\U0001F600", 33)},
		{name: "only slashes", id: "//"},
		{name: "a URL", id: "https://other.invalid/"},
	} {
		add("account id: "+row.name, wantInvalidRequest.at("path.accountId"), createInAccount(row.id))
		add("account id: "+row.name+", New", wantInvalidRequest.at("path.accountId"),
			func(context.Context, *api.Client, ...api.CallOption) (*gen.Autotopup, error) {
				_, err := api.New(row.id, api.WithToken(faultserver.AccessToken))
				return nil, err
			})
		location := "path.accountId"
		if row.id == "." || row.id == ".." {
			location = "path" // net/url removes such a segment, so that the path matches no operation
		}
		add("account id: "+row.name+", Generated", wantInvalidRequest.at(location),
			func(ctx context.Context, c *api.Client, _ ...api.CallOption) (*gen.Autotopup, error) {
				return dataOf(c.Generated().CreateAttributeWithResponse(ctx, row.id, "contacts", faultContact))
			})
	}
	for _, row := range []struct{ name, field, value, location string }{
		{name: "a newline in a value", field: "X-Trace", value: "a\r\nX: y", location: "header.X-Trace"},
		{name: "a NUL in a value", field: "X-Trace", value: "a\x00", location: "header.X-Trace"},
		{name: "a DEL in a value", field: "X-Trace", value: "a\x7f", location: "header.X-Trace"},
		{name: "secrets in a value", field: "X-Trace", value: faultserver.Email + "\n", location: "header.X-Trace"},
		{name: "no name", field: "", value: "x", location: "header"},
		{name: "a blank in a name", field: "X Trace", value: "x", location: "header"},
		{name: "a newline in a name", field: "X\r\nY", value: "x", location: "header"},
		{name: "a letter that is not ASCII in a name", field: "X-Zo\u00eb", value: "x", location: "header"},
	} {
		add("header: "+row.name, wantInvalidRequest.at(row.location),
			func(ctx context.Context, c *api.Client, _ ...api.CallOption) (*gen.Autotopup, error) {
				edit := func(_ context.Context, r *http.Request) error { r.Header[row.field] = []string{row.value}; return nil }
				return dataOf(c.Generated().CreateAttributeWithResponse(ctx, "acc", "contacts", faultContact, edit))
			})
	}
	for _, row := range []struct{ name, id string }{ // these are valid
		{name: "reserved characters", id: "a?b#c%d;e"},
		{name: "escaped dots", id: "%2e%2e"},
		{name: "an escaped slash", id: "%2f"},
		{name: "blanks", id: " a b "},
		{name: "Unicode", id: "Zo\u00eb"},
		{name: "three dots", id: "..."},
		{name: "128 bytes", id: strings.Repeat("x", 128)},
		{name: "delimiters", id: "a:b@c&d=e+f$g,h"},
		{name: "formatting verbs", id: "%s%d%!"},
		{name: "brackets", id: "{accountId}"},
		{name: "quotes", id: `"'<>`},
		{name: "a right-to-left mark", id: "a\u202eb"},
	} {
		add("valid account id: "+row.name, wantSuccess, createInAccount(row.id))
	}
	year10000 := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		name     string
		contact  gen.Contact
		location string
	}{
		{name: "NaN", contact: gen.Contact{Attributes: raw("x", "NaN")}, location: "body/attributes/*"},
		{name: "infinity", contact: gen.Contact{AdditionalProperties: raw("x", "Infinity")}, location: "body/*"},
		{name: "no value", contact: gen.Contact{AdditionalProperties: raw("x", "")}, location: "body/*"},
		{name: "two values", contact: gen.Contact{Attributes: raw("x", "1 2")}, location: "body/attributes/*"},
		{
			name: "half a surrogate", contact: gen.Contact{Attributes: raw("x", `"\ud83d"`)},
			location: "body/attributes/*",
		},
		{name: "the year 10000", contact: gen.Contact{OptIn: &year10000}, location: "body/optIn"},
		{
			name: "bad UTF-8", contact: gen.Contact{FirstName: new(faultserver.Email + "\xff")},
			location: "body/firstName",
		},
		{
			name:     "bad UTF-8 in a list",
			contact:  gen.Contact{Lists: []gen.ContactList{{}, {Keyword: new("\xc3")}}},
			location: "body/lists/1/keyword",
		},
		{
			name:     "bad UTF-8 in a name",
			contact:  gen.Contact{Attributes: raw(faultserver.Email+"\xff", "1")},
			location: "body/attributes/*",
		},
		{
			name:     "bad UTF-8 in an object",
			contact:  gen.Contact{Attributes: raw("x", "[{\"y\":\"\xff\"}]")},
			location: "body/attributes/*",
		},
		{
			name:     "a declared name in AdditionalProperties",
			contact:  gen.Contact{AdditionalProperties: raw("email", `"`+faultserver.Email+`"`)},
			location: "body",
		},
		{
			name:    "a declared name in other case",
			contact: gen.Contact{AdditionalProperties: raw("Lists", "1")}, location: "body",
		},
		{
			name:     "a declared name in other case, in an object",
			contact:  gen.Contact{Mobile: &gen.ContactMobile{AdditionalProperties: raw("NUMBER", `"`+faultserver.Phone+`"`)}},
			location: "body/mobile",
		},
		{
			name:     "a name in two cases",
			contact:  gen.Contact{Attributes: raw("x", "1"), AdditionalProperties: raw("aTTributes", "1")},
			location: "body",
		},
		{
			name: "arrays nested 200 deep", contact: gen.Contact{Attributes: raw("x", nested(200))},
			location: "body/attributes/*",
		},
		{
			name: "a number out of range", contact: gen.Contact{Attributes: raw("x", "1e400")},
			location: "body/attributes/*",
		},
		{
			name: "a name twice", contact: gen.Contact{Attributes: raw("x", `{"a":1,"a":2}`)},
			location: "body/attributes/*",
		},
	} {
		add("contact: "+row.name, wantInvalidRequest.at(row.location),
			func(ctx context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
				return c.CreateAttribute(ctx, "contacts", row.contact, opts...)
			})
	}
	for _, row := range []struct{ name, body, location string }{
		{name: "empty", body: "", location: "body"},
		{name: "white space", body: " ", location: "body"},
		{name: "null", body: "null", location: "body"},
		{name: "an array", body: "[]", location: "body"},
		{name: "cut", body: `{"email":"x"`, location: "body"},
		{name: "a wrong type", body: `{"email":1}`, location: "body/email"},
		{name: "a null", body: `{"email":null}`, location: "body/email"},
		{name: "a name in other case", body: `{"Email":"` + faultserver.Email + `"}`, location: "body/email"},
		{name: "a name twice", body: `{"email":"a","email":"b"}`, location: "body/email"},
		{name: "trailing data", body: `{}{}`, location: "body"},
		{name: "a byte order mark", body: "\ufeff{}", location: "body"},
		{name: "bad UTF-8", body: "{\"email\":\"\xff\"}", location: "body/email"},
		{name: "30 February", body: `{"mobile":{"verified":"2023-02-30T00:00:00Z"}}`, location: "body/mobile/verified"},
		{name: "a fraction in place of an integer", body: `{"hubspot":{"id":1.5}}`, location: "body/hubspot/id"},
		{name: "a number out of range", body: `{"attributes":{"x":1e400}}`, location: "body/attributes/*"},
		{name: "nested 101 deep", body: `{"attributes":{"x":` + nested(101) + `}}`, location: "body/attributes/*"},
		{
			name:     "an array in place of a string",
			body:     `{"lists":[{},{"filter":{"attributes":[{"value":[1]}]}}]}`,
			location: "body/lists/1/filter/attributes/0/value/0",
		},
	} {
		add("raw body: "+row.name, wantInvalidRequest.at(row.location), createRaw("application/json", row.body))
	}
	for _, row := range []struct{ name, media string }{
		{name: "text", media: "text/plain"},
		{name: "none", media: ""},
		{name: "a form", media: "application/x-www-form-urlencoded"},
		{name: "malformed", media: "application/json; ="},
	} {
		add("media type: "+row.name, wantInvalidRequest.at("content-type"), createRaw(row.media, `{}`))
	}

	wantNothing := wantUnsent.counts(server{})
	add("nil context", wantNothing,
		func(_ context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
			var none context.Context
			return createContact(none, c, opts...)
		})
	add("nil option", wantNothing,
		func(ctx context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
			return createContact(ctx, c, append(opts, nil)...)
		})
	add("cancelled context", wantNothing.matching(context.Canceled),
		func(ctx context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return createContact(ctx, c, opts...)
		})
	add("deadline in the past", wantNothing.matching(context.DeadlineExceeded),
		func(ctx context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
			ctx, cancel := context.WithDeadline(ctx, time.Now().Add(-24*time.Hour))
			defer cancel()
			return createContact(ctx, c, opts...)
		})
	for _, row := range []struct{ name, base string }{
		{name: "empty", base: ""},
		{name: "relative", base: "/v1"},
		{name: "without a scheme", base: "api.sakari.io"},
		{name: "of host and port", base: "api.sakari.io:443"},
		{name: "of another scheme", base: "ftp://api.sakari.io"},
		{name: "without a host", base: "https://"},
		{name: "of a port alone", base: "https://:443"},
		{name: "with a user", base: "https://user:" + faultserver.ClientSecret + "@api.sakari.io"},
		{name: "with a query", base: "https://api.sakari.io?x=" + faultserver.ClientSecret},
		{name: "with an empty query", base: "https://api.sakari.io?"},
		{name: "with a fragment", base: "https://api.sakari.io#x"},
		{name: "with an empty fragment", base: "https://api.sakari.io#"},
		{name: "http elsewhere", base: "http://api.sakari.io"},
		{name: "http to a name like loopback", base: "http://localhost.example"},
		{name: "http to an address like loopback", base: "http://127.0.0.1.example"},
		{name: "http to all", base: "http://0.0.0.0"},
		{name: "not a URL", base: "https://" + faultserver.ClientSecret + ":x@[::1"},
		{name: "that is opaque", base: "https:api.sakari.io"},
		{name: "with a control character", base: "https://api.sakari.io/\n"},
		{name: "with an empty port", base: "https://api.sakari.io:"},
		{name: "with port 0", base: "https://api.sakari.io:0"},
		{name: "with port 99999", base: "https://api.sakari.io:99999"},
	} {
		add("base URL: "+row.name, wantNothing,
			func(context.Context, *api.Client, ...api.CallOption) (*gen.Autotopup, error) {
				_, err := api.New("acc", api.WithToken(faultserver.AccessToken), api.WithBaseURL(row.base))
				return nil, err
			})
	}
	return faults
}

// createInAccount makes the call in another account.
func createInAccount(id string) callFunc {
	return func(ctx context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
		other, err := c.WithAccount(id)
		if err != nil {
			return nil, err
		}
		return other.CreateAttribute(ctx, "contacts", faultContact, opts...)
	}
}

// createRaw makes the call with a body that is written by hand.
func createRaw(media, body string) callFunc {
	return func(ctx context.Context, c *api.Client, _ ...api.CallOption) (*gen.Autotopup, error) {
		reader := strings.NewReader(body)
		return dataOf(c.Generated().CreateAttributeWithBodyWithResponse(ctx, "acc", "contacts", media, reader))
	}
}

// dataOf returns the data of a response of the generated client.
func dataOf(response *gen.CreateAttributeResponse, err error) (*gen.Autotopup, error) {
	if err != nil {
		return nil, err
	}
	return &response.JSON200.Data, nil
}

// raw returns a property with a value that is written by hand.
func raw(name, value string) map[string]jsontext.Value {
	return map[string]jsontext.Value{name: jsontext.Value(value)}
}
