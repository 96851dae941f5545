package api_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

// invalid is a body that does not conform to a schema, and the violations of it.
type invalid struct{ body, message string }

// checkKind sends and receives bodies of an operation whose request and response have the Go type T.
func checkKind[T any](t *testing.T, name string, requests, responses []string, wrong []invalid) {
	server := apitest.NewServer(t)
	path := server.URL + pathOf(t, "send"+name)
	call := func(body any, mode api.Validation) (string, error) {
		result, err := api.Call[T](t.Context(), server.Client(api.WithValidation(mode)), "send"+name, nil, body,
			func(string) (*http.Request, error) { return post(path, "") })
		if err != nil {
			return "", err
		}
		return canonical(t, result), nil
	}
	// The fake server makes a response of the schema.
	if _, err := api.Call[T](t.Context(), server.Client(), "get"+name, nil, nil,
		func(string) (*http.Request, error) { return http.NewRequest(http.MethodGet, path, nil) }); err != nil {
		t.Error(err)
	}
	var value T
	for i, response := range responses {
		value = *new(T)
		if err := json.Unmarshal([]byte(requests[i]), &value); err != nil {
			t.Fatalf("read %s: %v", requests[i], err)
		}
		for _, mode := range []api.Validation{api.ValidationStrict, api.ValidationReport, api.ValidationOff} {
			if i > 0 { // the first is that of the spec, with which the server responds
				server.Respond(apitest.Reply{Body: response})
			}
			got, err := call(&value, mode)
			sent := server.Requests()[len(server.Requests())-1].Body
			if diff := cmp.Diff(response, got) + cmp.Diff(requests[i], canonical(t, jsontext.Value(sent))); err != nil || diff != "" {
				t.Errorf("%s: %v\n%s", response, err, diff)
			}
		}
	}
	sent := len(server.Requests())
	for _, row := range wrong {
		want, direction, isOne := strings.Cut(row.message, " in a ")
		if !isOne || direction == "response" {
			server.Respond(apitest.Reply{Body: row.body})
			_, err := call(&value, api.ValidationStrict)
			sent++
			if diff := cmp.Diff(want, violations(err)); diff != "" || api.OutcomeOf(err) != api.Unknown {
				t.Errorf("response %s: %v\n%s", row.body, err, diff)
			}
		}
		if isOne && direction == "response" {
			continue
		}
		request, err := post(path, row.body)
		if err != nil {
			t.Fatal(err)
		}
		_, err = server.Client().Generated().ClientInterface.(*gen.Client).Client.Do(request)
		if diff := cmp.Diff(want, violations(err)); diff != "" || api.OutcomeOf(err) != api.NotApplied {
			t.Errorf("request %s: %v\n%s", row.body, err, diff)
		}
	}
	if n := len(server.Requests()); n != sent {
		t.Errorf("sent %d requests, want %d", n, sent)
	}
}

func post(url, body string) (*http.Request, error) {
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err == nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, err
}

// violations returns the violations of an error, or its text.
func violations(err error) string {
	var invalid *api.ValidationError
	if !errors.As(err, &invalid) {
		return "error: " + errorText(err)
	}
	var texts []string
	for _, v := range invalid.Violations {
		texts = append(texts, v.Location+": "+v.Message)
	}
	slices.Sort(texts)
	return strings.Join(texts, "; ")
}

func errorText(err error) string {
	if err == nil {
		return "none"
	}
	return err.Error()
}

func canonical(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err == nil {
		err = (*jsontext.Value)(&text).Canonicalize(jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false))
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func pathOf(t *testing.T, operation string) string {
	t.Helper()
	doc, err := gen.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.OperationID == operation {
				return path
			}
		}
	}
	t.Fatalf("no operation %s", operation)
	return ""
}

// A null in an enum is no constant of its Go type.
func TestKindEnum(t *testing.T) {
	for value, want := range map[gen.NullableEnum]bool{"a": true, "<nil>": false, "": false} {
		if got := value.Valid(); got != want {
			t.Errorf("%q: valid is %v, want %v", value, got, want)
		}
	}
}

func TestKindBodies(t *testing.T) {
	server := apitest.NewServer(t)
	c := server.Client().Generated()
	ctx := t.Context()
	type result struct{ sent, got, err string }
	last := func() string { r := server.Requests(); return string(r[len(r)-1].Body) }
	done := func(body []byte, err error) result {
		if err != nil {
			return result{err: err.Error()}
		}
		return result{sent: last(), got: string(body)}
	}
	thing := gen.BodiesThing{Name: "x"}
	const form = "application/x-www-form-urlencoded"
	for name, row := range map[string]struct {
		call func() result
		want result
	}{
		"bytes": {func() result {
			r, err := c.PostBytesWithBodyWithResponse(ctx, "application/octet-stream", strings.NewReader("\x00\xff"))
			return done(r.GetBody(), err)
		}, result{"\x00\xff", "\x01\x02", ""}},
		"text": {func() result {
			r, err := c.PostPlainWithTextBodyWithResponse(ctx, "abc")
			return done(r.GetBody(), err)
		}, result{"abc", "abc", ""}},
		"text that is too long": {func() result {
			_, err := c.PostPlainWithTextBodyWithResponse(ctx, "abcd")
			return done(nil, err)
		}, result{err: "sakari: postPlain: invalid request: body: maximum string length is 3 (not applied)"}},
		"CSV": {func() result {
			r, err := c.PostCSVWithBodyWithResponse(ctx, "text/csv", strings.NewReader("x,y\n"))
			return done(r.GetBody(), err)
		}, result{"x,y\n", "a,b\n1,2\n", ""}},
		"form": {func() result {
			r, err := c.PostFormWithBodyWithResponse(ctx, form, strings.NewReader("name=abc&sizes=1&sizes=2"))
			return done(r.GetBody(), err)
		}, result{sent: "name=abc&sizes=1&sizes=2"}},
		"invalid form": {func() result {
			_, err := c.PostFormWithBodyWithResponse(ctx, form, strings.NewReader("name=abcd"))
			return done(nil, err)
		}, result{err: "sakari: postForm: invalid request: body/name: maximum string length is 3 (not applied)"}},
		"multipart": {func() result {
			const body = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\x00\r\n--b--\r\n"
			r, err := c.PostMultipartWithBodyWithResponse(ctx, "multipart/form-data; boundary=b", strings.NewReader(body))
			return done(r.GetBody(), err)
		}, result{sent: "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\x00\r\n--b--\r\n"}},
		"incomplete multipart": {func() result {
			const body = "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nx\r\n--b--\r\n"
			_, err := c.PostMultipartWithBodyWithResponse(ctx, "multipart/form-data; boundary=b", strings.NewReader(body))
			return done(nil, err)
		}, result{err: `sakari: postMultipart: invalid request: body/file: property "file" is missing (not applied)`}},
		"other JSON": {func() result {
			r, err := c.PostOtherJSONWithApplicationVndXPlusJSONBodyWithResponse(ctx, thing)
			return done(r.GetBody(), err)
		}, result{`{"name":"x"}`, `{"name":"abc"}`, ""}},
		"JSON with a charset": {func() result {
			r, err := c.PostCharsetWithApplicationJSONCharsetUTF8BodyWithResponse(ctx, thing)
			return done(r.GetBody(), err)
		}, result{`{"name":"x"}`, `{"name":"abc"}`, ""}},
		"JSON or a text": {func() result {
			r, err := c.PostEitherWithTextBodyWithResponse(ctx, "x")
			return done(r.GetBody(), err)
		}, result{"x", `{"name":"abc"}`, ""}},
		"XML": {func() result {
			r, err := c.PostXMLWithBodyWithResponse(ctx, "application/xml", strings.NewReader("<b/>"))
			return done(r.GetBody(), err)
		}, result{"<b/>", `[{"a":"b"}]`, ""}},
		"typed, bytes": {func() result {
			r, err := api.Call[gen.BodiesThing](ctx, server.Client(), "postTyped", nil, nil, func(s string) (*http.Request, error) {
				return gen.NewPostTypedRequestWithBody(s, "application/octet-stream", strings.NewReader("\x01"))
			})
			if err != nil {
				return done(nil, err)
			}
			return done([]byte(r.Name), err)
		}, result{"\x01", "abc", ""}},
		"typed, other JSON": {func() result {
			r, err := api.Call[gen.BodiesThing](ctx, server.Client(), "postOtherJSON", nil, &thing, func(s string) (*http.Request, error) {
				return gen.NewPostOtherJSONRequestWithBody(s, "application/vnd.x+json", nil)
			})
			if err != nil {
				return done(nil, err)
			}
			return done([]byte(r.Name), err)
		}, result{`{"name":"x"}`, "abc", ""}},
		"typed, with a charset": {func() result {
			r, err := api.Call[gen.BodiesThing](ctx, server.Client(), "postCharset", nil, &thing, func(s string) (*http.Request, error) {
				return gen.NewPostCharsetRequestWithBody(s, "application/json; charset=utf-8", nil)
			})
			if err != nil {
				return done(nil, err)
			}
			return done([]byte(r.Name), err)
		}, result{`{"name":"x"}`, "abc", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, row.call(), cmp.AllowUnexported(result{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestKindStatuses(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	thing := apitest.Reply{Body: `{"name":"x"}`}
	type row struct {
		operation string
		request   func(string) (*http.Request, error)
		reply     *apitest.Reply
		want      string // name of the result, or the error
	}
	for name, row := range map[string]row{
		"201":              {"createdThing", gen.NewCreatedThingRequest, nil, "abc"},
		"201, no Location": {"createdThing", gen.NewCreatedThingRequest, &apitest.Reply{Header: http.Header{"Location": nil}}, `sakari: createdThing: invalid response, status 201: header: response header "Location" missing (outcome unknown)`},
		"409":              {"createdThing", gen.NewCreatedThingRequest, &apitest.Reply{Status: 409, Body: `{"code":5}`}, "sakari: createdThing: 409 Conflict: 5 (not applied)"},
		"400":              {"createdThing", gen.NewCreatedThingRequest, &apitest.Reply{Status: 400, Body: `{"message":"no"}`}, "sakari: createdThing: 400 Bad Request: no (not applied)"},
		"202":              {"acceptedThing", gen.NewAcceptedThingRequest, nil, ""},
		"204":              {"deletedThing", gen.NewDeletedThingRequest, nil, ""},
		"several, 200":     {"severalThings", gen.NewSeveralThingsRequest, nil, "abc"},
		"several, 201":     {"severalThings", gen.NewSeveralThingsRequest, &apitest.Reply{Status: 201, Body: `{"name":"x"}`}, "x"},
		"several, 204":     {"severalThings", gen.NewSeveralThingsRequest, &apitest.Reply{Status: 204}, ""},
		"a range":          {"rangeOfThings", gen.NewRangeOfThingsRequest, nil, "abc"},
		"a range, 206":     {"rangeOfThings", gen.NewRangeOfThingsRequest, &apitest.Reply{Status: 206, Body: `{"name":"x"}`}, "x"},
		"default":          {"defaultThing", gen.NewDefaultThingRequest, &thing, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			if row.reply != nil {
				server.Respond(*row.reply)
			}
			got, err := api.Call[gen.StatusesThing](t.Context(), client, row.operation, nil, nil, row.request)
			text := errorText(err)
			if err == nil {
				text = got.Name
			}
			if diff := cmp.Diff(row.want, text); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestKindParameters(t *testing.T) {
	server := apitest.NewServer(t)
	c := server.Client().Generated()
	ctx := t.Context()
	last := func(err error) string {
		if err != nil {
			return err.Error()
		}
		r := server.Requests()
		return r[len(r)-1].Path
	}
	const at = "/kinds/parameters/"
	for name, row := range map[string]struct {
		call func() error
		want string // the path, or the error
	}{
		"none": {func() error { _, err := c.QueryParametersWithResponse(ctx, "a", 1, nil); return err }, at + "a/1"},
		"path": {func() error { _, err := c.QueryParametersWithResponse(ctx, "abcdef", 0, nil); return err },
			"sakari: queryParameters: invalid request: path.id: maximum string length is 5; path.size: number must be at least 1 (not applied)"},
		"segment": {func() error { _, err := c.QueryParametersWithResponse(ctx, "..", 1, nil); return err },
			"sakari: invalid request: path: a parameter of the path must not be . or .. (not applied)"},
		"segment of another operation": {func() error { _, err := c.CreateLongerWithResponse(ctx, "."); return err },
			"sakari: invalid request: path: a parameter of the path must not be . or .. (not applied)"},
		"query": {func() error {
			_, err := c.QueryParametersWithResponse(ctx, "a", 1, &gen.QueryParametersParams{
				Exploded: []string{"a", "b,c"}, Joined: []int{1, 2}, Pipe: []string{"a", "b"}, Space: []string{"c", "d"},
				Deep: &gen.ParametersFilter{Name: new("n"), Size: new(2)}, Either: new("all"),
				JSON: &gen.ParametersFilter{Name: new("n")}, Day: new("2023-02-28"), Flag: new(false),
			})
			return err
		}, at + "a/1?exploded=a&exploded=b%2Cc&joined=1,2&pipe=a|b&space=c%20d&deep[name]=n&deep[size]=2&either=all" +
			"&day=2023-02-28&flag=false&json=%7B%22name%22%3A%22n%22%7D"},
		"query, wrong": {func() error {
			_, err := c.QueryParametersWithResponse(ctx, "a", 1, &gen.QueryParametersParams{
				Either: new("some"), Day: new("2023-02-29"),
			})
			return err
		}, `sakari: queryParameters: invalid request: query.either: value must be an integer; query.either: value is not one of ` +
			`the allowed values ["all"]; query.day: string doesn't match the format "date" (YYYY-MM-DD) (not applied)`},
		"header": {func() error {
			_, err := c.HeaderParametersWithResponse(ctx, &gen.HeaderParametersParams{
				IdempotencyKey: new("ab"), XNumbers: []int{1, 2}, Session: new("s"),
			})
			sent := server.Requests()[len(server.Requests())-1].Header
			want := [3]string{"ab", "1,2", "session=s"}
			got := [3]string{sent.Get("Idempotency-Key"), sent.Get("X-Numbers"), sent.Get("Cookie")}
			return errors.Join(err, diffError(want, got))
		}, at + "header"},
		"header, wrong": {func() error {
			_, err := c.HeaderParametersWithResponse(ctx, &gen.HeaderParametersParams{IdempotencyKey: new("a")})
			return err
		}, "sakari: headerParameters: invalid request: header.Idempotency-Key: minimum string length is 2 (not applied)"},
		"styles": {func() error { _, err := c.StyleParametersWithResponse(ctx, []string{"a", "b"}, "c"); return err },
			at + "styles/.a,b/;matrix=c"},
		"URL": {func() error { _, err := c.DeleteByURLWithResponse(ctx, "https://example.com/a?b=c"); return err },
			at + "webhooks/https:%2F%2Fexample.com%2Fa%3Fb=c"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, last(row.call())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func diffError(want, got any) error {
	if diff := cmp.Diff(want, got); diff != "" {
		return errors.New(diff)
	}
	return nil
}
