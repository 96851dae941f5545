package api_test

import (
	"context"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

type caller = func(context.Context, *api.Client, ...api.CallOption) (*gen.Autotopup, error)

// requestFaults are mistakes of the caller. Nothing is sent, not even for a token.
func requestFaults() []fault {
	var faults []fault
	add := func(w want, name string, call caller) {
		faults = append(faults, fault{name: name, call: call, want: w, once: true})
	}
	for name, t := range map[string]gen.AttributeType{
		"unknown": "companies", "in other case": "Contacts", "empty": "", "with a blank": "contacts ", "with a slash": "contacts/x", "dots": "..", "a dot": ".",
		"escaped": "contacts%2F", "with a query": "contacts?x=1", "with a fragment": "contacts#x", "with a newline": "contacts\r\nX: y", "with a NUL": "contacts\x00",
		"bad UTF-8": "contacts\xff", "long": gen.AttributeType(strings.Repeat("x", 1<<16)), "with secrets": faultEmail,
	} {
		add(invalid.at("path.attributeType"), "a type "+name, func(ctx context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
			return c.CreateAttribute(ctx, t, faultContact, opts...)
		})
	}
	for name, id := range map[string]string{
		"empty": "", "a dot": ".", "dots": "..", "with a slash": "a/b", "with a backslash": `a\b`, "with a newline": "a\r\nb", "with a NUL": "a\x00", "with a DEL": "a\x7f",
		"with a C1 control": "a\u0085", "bad UTF-8": "a\xff", "half a surrogate": "\xed\xa0\x80", "of 129 bytes": strings.Repeat("x", 129), "of 33 emoji": strings.Repeat("\U0001F600", 33),
		"only slashes": "//", "a URL": "https://other.invalid/",
	} {
		add(invalid.at("path.accountId"), "an account id "+name, func(ctx context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
			other, err := c.WithAccount(id)
			if err != nil {
				return nil, err
			}
			return other.CreateAttribute(ctx, "contacts", faultContact, opts...)
		})
		add(invalid.at("path.accountId"), "an account id "+name+", new", func(context.Context, *api.Client, ...api.CallOption) (*gen.Autotopup, error) {
			_, err := api.New(id, api.WithToken(faultToken))
			return nil, err
		})
		place := "path.accountId"
		if id == "." || id == ".." {
			place = "path"
		}
		add(invalid.at(place), "an account id "+name+", generated", func(ctx context.Context, c *api.Client, _ ...api.CallOption) (*gen.Autotopup, error) {
			return createGenerated(ctx, c, id)
		})
	}
	for name, id := range map[string]string{
		"reserved": "a?b#c%d;e", "escaped dots": "%2e%2e", "an escaped slash": "%2f", "blanks": " a b ", "unicode": "Zo\u00eb", "three dots": "...", "128 bytes": strings.Repeat("x", 128),
		"delimiters": "a:b@c&d=e+f$g,h", "verbs": "%s%d%!", "brackets": "{accountId}", "quotes": `"'<>`, "a right-to-left mark": "a\u202eb",
	} {
		add(accepted, "an account id with "+name, func(ctx context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
			other, err := c.WithAccount(id)
			if err != nil {
				return nil, err
			}
			return other.CreateAttribute(ctx, "contacts", faultContact, opts...)
		})
	}
	never := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		contact gen.Contact
		place   string
	}{
		"NaN":                   {gen.Contact{Attributes: raw("x", "NaN")}, "body/attributes/*"},
		"infinity":              {gen.Contact{AdditionalProperties: raw("x", "Infinity")}, "body/*"},
		"nothing":               {gen.Contact{AdditionalProperties: raw("x", "")}, "body/*"},
		"two values":            {gen.Contact{Attributes: raw("x", "1 2")}, "body/attributes/*"},
		"half a surrogate":      {gen.Contact{Attributes: raw("x", `"\ud83d"`)}, "body/attributes/*"},
		"the year 10000":        {gen.Contact{OptIn: &never}, "body/optIn"},
		"bad UTF-8":             {gen.Contact{FirstName: new(faultEmail + "\xff")}, "body/firstName"},
		"bad UTF-8 in a list":   {gen.Contact{Lists: []gen.ContactList{{}, {Keyword: new("\xc3")}}}, "body/lists/1/keyword"},
		"bad UTF-8 in a name":   {gen.Contact{Attributes: raw(faultEmail+"\xff", "1")}, "body/attributes/*"},
		"bad UTF-8, deep":       {gen.Contact{Attributes: raw("x", "[{\"y\":\"\xff\"}]")}, "body/attributes/*"},
		"a shadowing name":      {gen.Contact{AdditionalProperties: raw("email", `"`+faultEmail+`"`)}, "body"},
		"a folded name":         {gen.Contact{AdditionalProperties: raw("Lists", "1")}, "body"},
		"a folded name, deep":   {gen.Contact{Mobile: &gen.ContactMobile{AdditionalProperties: raw("NUMBER", `"`+faultPhone+`"`)}}, "body/mobile"},
		"a name and its fold":   {gen.Contact{Attributes: raw("x", "1"), AdditionalProperties: raw("aTTributes", "1")}, "body"},
		"brackets, 200 deep":    {gen.Contact{Attributes: raw("x", nested(200))}, "body/attributes/*"},
		"a number beyond all":   {gen.Contact{Attributes: raw("x", "1e400")}, "body/attributes/*"},
		"duplicates of its own": {gen.Contact{Attributes: raw("x", `{"a":1,"a":2}`)}, "body/attributes/*"},
	} {
		add(invalid.at(c.place), "a body with "+name, func(ctx context.Context, client *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
			return client.CreateAttribute(ctx, "contacts", c.contact, opts...)
		})
	}
	for name, c := range map[string]struct{ body, place string }{
		"empty": {"", "body"}, "blank": {" ", "body"}, "null": {"null", "body"}, "a list": {"[]", "body"}, "cut": {`{"email":"x"`, "body"},
		"a wrong type": {`{"email":1}`, "body/email"}, "a null": {`{"email":null}`, "body/email"}, "a folded name": {`{"Email":"` + faultEmail + `"}`, "body/email"},
		"a name twice": {`{"email":"a","email":"b"}`, "body/email"}, "trailing data": {`{}{}`, "body"}, "a byte order mark": {"\ufeff{}", "body"},
		"bad UTF-8": {"{\"email\":\"\xff\"}", "body/email"}, "30 February": {`{"mobile":{"verified":"2023-02-30T00:00:00Z"}}`, "body/mobile/verified"},
		"a fraction": {`{"hubspot":{"id":1.5}}`, "body/hubspot/id"}, "1e400": {`{"attributes":{"x":1e400}}`, "body/attributes/*"},
		"deep": {`{"attributes":{"x":` + nested(101) + `}}`, "body/attributes/*"}, "in a list": {`{"lists":[{},{"filter":{"attributes":[{"value":[1]}]}}]}`, "body/lists/1/filter/attributes/0/value/0"},
	} {
		add(invalid.at(c.place), "raw: "+name, func(ctx context.Context, client *api.Client, _ ...api.CallOption) (*gen.Autotopup, error) {
			return typed(client.Generated().CreateAttributeWithBodyWithResponse(ctx, "acc", "contacts", "application/json", strings.NewReader(c.body)))
		})
	}
	for name, media := range map[string]string{"text": "text/plain", "none": "", "a form": "application/x-www-form-urlencoded", "broken": "application/json; ="} {
		add(invalid.at("content-type"), "media type: "+name, func(ctx context.Context, c *api.Client, _ ...api.CallOption) (*gen.Autotopup, error) {
			return typed(c.Generated().CreateAttributeWithBodyWithResponse(ctx, "acc", "contacts", media, strings.NewReader(`{}`)))
		})
	}
	unsentAtAll := unsent.counts(0, 0, 0)
	add(unsentAtAll, "no context", func(_ context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
		var none context.Context
		return createContact(none, c, opts...)
	})
	add(unsentAtAll, "no option", func(ctx context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
		return createContact(ctx, c, append(opts, nil)...)
	})
	add(unsentAtAll.with(context.Canceled), "a cancelled context", func(ctx context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return createContact(ctx, c, opts...)
	})
	add(unsentAtAll.with(context.DeadlineExceeded), "a context of yesterday", func(ctx context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
		ctx, cancel := context.WithDeadline(ctx, time.Now().Add(-24*time.Hour))
		defer cancel()
		return createContact(ctx, c, opts...)
	})
	for name, base := range map[string]string{
		"empty": "", "relative": "/v1", "without a scheme": "api.sakari.io", "of host and port": "api.sakari.io:443", "of another scheme": "ftp://api.sakari.io",
		"without a host": "https://", "of a port alone": "https://:443", "with a user": "https://user:" + faultSecret + "@api.sakari.io",
		"with a query": "https://api.sakari.io?x=" + faultSecret, "with an empty query": "https://api.sakari.io?", "with a fragment": "https://api.sakari.io#x",
		"with an empty fragment": "https://api.sakari.io#", "http elsewhere": "http://api.sakari.io", "http to a name like loopback": "http://localhost.example",
		"http to an address like loopback": "http://127.0.0.1.example", "http to all": "http://0.0.0.0", "not a URL": "https://" + faultSecret + ":x@[::1",
		"that is opaque": "https:api.sakari.io", "with a control character": "https://api.sakari.io/\n", "with an empty port": "https://api.sakari.io:",
		"with port 0": "https://api.sakari.io:0", "with port 99999": "https://api.sakari.io:99999",
	} {
		add(unsentAtAll, "a base URL "+name, func(context.Context, *api.Client, ...api.CallOption) (*gen.Autotopup, error) {
			_, err := api.New("acc", api.WithToken(faultToken), api.WithBaseURL(base))
			return nil, err
		})
	}
	for i := range faults {
		faults[i].name = strings.ReplaceAll(faults[i].name, "/", "-")
	}
	return faults
}

func createGenerated(ctx context.Context, c *api.Client, account string) (*gen.Autotopup, error) {
	return typed(c.Generated().CreateAttributeWithResponse(ctx, account, "contacts", faultContact))
}

func typed(answer *gen.CreateAttributeResponse, err error) (*gen.Autotopup, error) {
	if err != nil {
		return nil, err
	}
	return &answer.JSON200.Data, nil
}

// createBig sends more than a socket buffers.
func createBig(ctx context.Context, c *api.Client, opts ...api.CallOption) (*gen.Autotopup, error) {
	contact := faultContact
	contact.Attributes = raw("x", `"`+strings.Repeat("x", 1<<20)+`"`)
	return c.CreateAttribute(ctx, gen.AttributeTypeContacts, contact, opts...)
}

func raw(name, value string) map[string]jsontext.Value {
	return map[string]jsontext.Value{name: jsontext.Value(value)}
}
