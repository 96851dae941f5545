package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sakari-go/sakari-go/api/internal/spec"
	"github.com/sakari-go/sakari-go/api/internal/token"
	"github.com/sakari-go/sakari-go/gen"
)

// Each step of the chain is tested by itself, with a stub of the step that follows.

// result is what a stub returns to one call.
type result struct {
	response *Response
	err      error
}

// stub is a handler that returns its results in turn, and keeps the Authorization field of each
// call.
type stub struct {
	results []result
	tokens  []string
}

func (s *stub) handle(_ context.Context, x *exchange) (*Response, error) {
	x.attempts++
	s.tokens = append(s.tokens, x.request.Header.Get("Authorization"))
	r := s.results[len(s.tokens)-1]
	return r.response, r.err
}

func (s *stub) calls() int { return len(s.tokens) }

func responds(status int, body string) result {
	header := http.Header{"Content-Type": {"application/json"}}
	return result{response: &Response{StatusCode: status, Header: header, Body: []byte(body)}}
}

func fails(status int) result { return result{err: &Error{Operation: "x", StatusCode: status}} }

func breaks(outcome Outcome) result {
	return result{err: &NetworkError{Operation: "x", Err: errors.New("reset"), result: outcome}}
}

const success = `{"success":true,"data":{"amount":1,"below":2}}`

// newExchange returns the exchange of an operation of openapi.yaml.
func newExchange(t *testing.T, operation, address, body string) *exchange {
	t.Helper()
	known, err := embeddedSpec()
	if err != nil {
		t.Fatal(err)
	}
	op := known.Operation(operation)
	request, err := http.NewRequest(op.Method, "https://api.invalid"+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	x := &exchange{
		operation: op,
		secrets:   newCredentials(""),
		request:   spec.Request{Request: request, Body: []byte(body)},
	}
	if segments := strings.Split(strings.TrimPrefix(request.URL.Path, "/"), "/"); op.Matches(op.Method, segments) {
		x.request.PathValues = op.PathValues(segments)
	}
	return x
}

func newPOST(t *testing.T) *exchange {
	return newExchange(t, "createAttribute", "/v1/accounts/acc/attributes/contacts", `{}`)
}

func newGET(t *testing.T) *exchange {
	return newExchange(t, "listAttributes", "/v1/accounts/acc/attributes", "")
}

func TestChain_CallsItsStepsInOrder(t *testing.T) {
	var called []string
	named := func(name string) step {
		return func(next handler) handler {
			return func(ctx context.Context, x *exchange) (*Response, error) {
				called = append(called, name)
				return next(ctx, x)
			}
		}
	}
	last := &stub{results: []result{responds(200, success)}}
	_, err := chain(last.handle, named("first"), named("second"))(t.Context(), newPOST(t))
	if diff := cmp.Diff([]string{"first", "second"}, called); diff != "" || err != nil || last.calls() != 1 {
		t.Errorf("%v, %d calls of the last handler\n%s", err, last.calls(), diff)
	}
}

func TestRetry_SendsAgainWhatIsSafe(t *testing.T) {
	for name, c := range map[string]struct {
		exchange func(*testing.T) *exchange
		results  []result
		calls    int
		outcome  Outcome
	}{
		"POST, success":                  {exchange: newPOST, results: []result{responds(200, success)}, calls: 1, outcome: Applied},
		"POST, 429":                      {exchange: newPOST, results: []result{fails(429), responds(200, success)}, calls: 2, outcome: Applied},
		"POST, 503":                      {exchange: newPOST, results: []result{fails(503)}, calls: 1, outcome: Unknown},
		"POST, 400":                      {exchange: newPOST, results: []result{fails(400)}, calls: 1, outcome: NotApplied},
		"POST, reset":                    {exchange: newPOST, results: []result{breaks(Unknown)}, calls: 1, outcome: Unknown},
		"POST, not sent and not by dial": {exchange: newPOST, results: []result{breaks(NotApplied)}, calls: 1, outcome: NotApplied},
		"GET, 503":                       {exchange: newGET, results: []result{fails(503), responds(200, success)}, calls: 2, outcome: Applied},
		"GET, reset":                     {exchange: newGET, results: []result{breaks(Unknown), responds(200, success)}, calls: 2, outcome: Applied},
		"GET, 404":                       {exchange: newGET, results: []result{fails(404)}, calls: 1, outcome: NotApplied},
		"GET, at most three attempts":    {exchange: newGET, results: []result{fails(503), fails(503), fails(503)}, calls: 3, outcome: Unknown},
		"GET, 404 after 503":             {exchange: newGET, results: []result{fails(503), fails(404)}, calls: 2, outcome: Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			next := &stub{results: c.results}
			noWait := func(context.Context, time.Duration) error { return nil }
			_, err := retrier{maxAttempts: 3, sleep: noWait}.retry(next.handle)(t.Context(), c.exchange(t))
			if next.calls() != c.calls || OutcomeOf(err) != c.outcome {
				t.Errorf("%d calls, outcome %v (%v), want %d, %v", next.calls(), OutcomeOf(err), err, c.calls, c.outcome)
			}
		})
	}
}

func TestRetry_KeepsTheErrorOfTheServerWhenTheContextEnds(t *testing.T) {
	next := &stub{results: []result{fails(429)}}
	ends := func(context.Context, time.Duration) error { return context.Canceled }
	_, err := retrier{maxAttempts: 3, sleep: ends}.retry(next.handle)(t.Context(), newPOST(t))
	if !errors.Is(err, ErrRateLimited) || !errors.Is(err, context.Canceled) || OutcomeOf(err) != NotApplied {
		t.Errorf("got %v", err)
	}
}

func TestAuthorize_ReplacesARefusedTokenOnce(t *testing.T) {
	for name, c := range map[string]struct {
		tokens  []string
		results []result
		sent    []string
		want    error
	}{
		"accepted":             {tokens: []string{"a"}, results: []result{responds(200, success)}, sent: []string{"Bearer a"}},
		"refused, then fresh":  {tokens: []string{"a", "b"}, results: []result{fails(401), responds(200, success)}, sent: []string{"Bearer a", "Bearer b"}},
		"refused twice":        {tokens: []string{"a", "b"}, results: []result{fails(401), fails(401)}, sent: []string{"Bearer a", "Bearer b"}, want: ErrUnauthorized},
		"refused, none fresh":  {tokens: []string{"a", "a"}, results: []result{fails(401)}, sent: []string{"Bearer a"}, want: ErrUnauthorized},
		"forbidden":            {tokens: []string{"a"}, results: []result{fails(403)}, sent: []string{"Bearer a"}, want: ErrForbidden},
		"refused, then failed": {tokens: []string{"a"}, results: []result{fails(401)}, sent: []string{"Bearer a"}, want: errNoMoreTokens},
	} {
		t.Run(name, func(t *testing.T) {
			next := &stub{results: c.results}
			_, err := authorize(issuing(c.tokens...))(next.handle)(t.Context(), newPOST(t))
			if diff := cmp.Diff(c.sent, next.tokens); diff != "" || !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v\n%s", err, c.want, diff)
			}
		})
	}
}

var errNoMoreTokens = errors.New("no more tokens")

// issuing returns a cache that fetches one of the tokens for each call, and then fails.
func issuing(values ...string) *token.Cache {
	fetched := 0
	return token.NewCache(time.Minute, func(context.Context) (token.Token, error) {
		if fetched++; fetched > len(values) {
			return token.Token{}, &AuthError{Err: errNoMoreTokens}
		}
		return token.Token{Value: values[fetched-1]}, nil
	})
}

func TestAuthorize_SendsNothingWithoutAToken(t *testing.T) {
	next := &stub{}
	_, err := authorize(issuing())(next.handle)(t.Context(), newPOST(t))
	var auth *AuthError
	if !errors.As(err, &auth) || next.calls() != 0 || OutcomeOf(err) != NotApplied {
		t.Errorf("%v, %d calls", err, next.calls())
	}
}

func TestLimitRate_FailsAtTheDeadline(t *testing.T) {
	q := newQueueOf(rate.Every(time.Hour), 1)
	next := &stub{results: []result{responds(200, success), responds(200, success)}}
	limited := limitRate(q)(next.handle)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := limited(ctx, newPOST(t)); err != nil {
		t.Fatal(err)
	}
	_, err := limited(ctx, newPOST(t))
	var network *NetworkError
	if !errors.As(err, &network) || !errors.Is(err, context.DeadlineExceeded) || OutcomeOf(err) != NotApplied || next.calls() != 1 {
		t.Errorf("%v, %d calls", err, next.calls())
	}
}

func TestLogRoundTrips_WritesALine(t *testing.T) {
	for name, c := range map[string]struct {
		result result
		want   string
	}{
		"success": {result: responds(200, success), want: `level=INFO msg="round trip" operation=createAttribute account=acc status=200 attempt=1 outcome=applied`},
		"failure": {result: fails(503), want: `level=WARN msg="round trip" operation=createAttribute account=acc status=503 attempt=1 outcome=unknown error="sakari: x: 503 Service Unavailable (outcome unknown)"`},
		"reset":   {result: breaks(Unknown), want: `level=WARN msg="round trip" operation=createAttribute account=acc status=0 attempt=1 outcome=unknown error="sakari: x: reset (outcome unknown)"`},
	} {
		t.Run(name, func(t *testing.T) {
			var text bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
			next := &stub{results: []result{c.result}}
			_, err := logRoundTrips(logger)(next.handle)(t.Context(), newPOST(t))
			if diff := cmp.Diff(c.want+"\n", text.String()); diff != "" || err != c.result.err {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey || a.Key == "duration" {
		return slog.Attr{}
	}
	return a
}

// newValidator returns a validator that keeps the locations that it reports.
func newValidator(mode Validation, reported *[]string) *validator {
	return &validator{
		mode:   mode,
		logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		onViolation: func(_ context.Context, err *ValidationError) {
			for _, v := range err.Violations {
				*reported = append(*reported, v.Location)
			}
		},
	}
}

func TestValidateRequest_ByMode(t *testing.T) {
	const address = "/v1/accounts/acc/attributes/"
	for name, c := range map[string]struct {
		mode     Validation
		address  string
		body     string
		calls    int
		reported []string
	}{
		"strict, valid":         {mode: ValidationStrict, address: address + "contacts", body: `{}`, calls: 1},
		"strict, invalid body":  {mode: ValidationStrict, address: address + "contacts", body: `{"email":1}`, reported: []string{"body/email"}},
		"report, invalid body":  {mode: ValidationReport, address: address + "contacts", body: `{"email":1}`, calls: 1, reported: []string{"body/email"}},
		"off, invalid body":     {mode: ValidationOff, address: address + "contacts", body: `{"email":1}`, calls: 1},
		"report, not a segment": {mode: ValidationReport, address: address + "..", body: `{}`, reported: []string{"path.attributeType"}},
		"off, not a segment":    {mode: ValidationOff, address: address + "..", body: `{}`, reported: []string{"path.attributeType"}},
	} {
		t.Run(name, func(t *testing.T) {
			var reported []string
			v := newValidator(c.mode, &reported)
			next := &stub{results: []result{responds(200, success)}}
			x := newExchange(t, "createAttribute", c.address, c.body)
			_, err := v.validateRequest(next.handle)(t.Context(), x)
			v.report(t.Context(), x, err)
			if diff := cmp.Diff(c.reported, reported, cmpopts.EquateEmpty()); diff != "" || next.calls() != c.calls || (err == nil) != (c.calls == 1) {
				t.Errorf("%v, %d calls, want %d\n%s", err, next.calls(), c.calls, diff)
			}
		})
	}
}

func TestValidateResponse_ByMode(t *testing.T) {
	const incomplete = `{"success":true,"data":{"amount":1}}`
	for name, c := range map[string]struct {
		mode     Validation
		result   result
		isRead   bool
		wants    error
		reported []string
	}{
		"valid":              {mode: ValidationStrict, result: responds(200, success), isRead: true},
		"error":              {mode: ValidationStrict, result: fails(503), wants: fails(503).err},
		"strict, incomplete": {mode: ValidationStrict, result: responds(200, incomplete), wants: ErrInvalidResponse, reported: []string{"body/data/below"}},
		"report, incomplete": {mode: ValidationReport, result: responds(200, incomplete), reported: []string{"body/data/below"}},
		"off, incomplete":    {mode: ValidationOff, result: responds(200, incomplete)},
		"strict, status":     {mode: ValidationStrict, result: responds(202, success), wants: ErrInvalidResponse, reported: []string{"status"}},
		"off, contradictory": {mode: ValidationOff, result: responds(200, `{"success":true,"Success":false}`), wants: ErrInvalidResponse, reported: []string{"body/data", "body/success"}},
	} {
		t.Run(name, func(t *testing.T) {
			var reported []string
			v := newValidator(c.mode, &reported)
			x := newPOST(t)
			x.result, x.resultType = new(gen.AutotopupResponse), "AutotopupResponse"
			_, err := v.validateResponse((&stub{results: []result{c.result}}).handle)(t.Context(), x)
			v.report(t.Context(), x, err)
			isWanted := errors.Is(err, c.wants) || err != nil && c.wants != nil && err.Error() == c.wants.Error()
			if diff := cmp.Diff(c.reported, reported, cmpopts.EquateEmpty()); diff != "" || !isWanted || x.isRead != c.isRead {
				t.Errorf("%v, read %v, want %v, %v\n%s", err, x.isRead, c.wants, c.isRead, diff)
			}
		})
	}
}

func TestReadFailure_MakesAnError(t *testing.T) {
	const envelope = `{"success":false,"error":{"code":"CONT-001","description":"Invalid mobile number"}}`
	for name, c := range map[string]struct {
		result  result
		code    string // "" for no *Error
		outcome Outcome
	}{
		"success":                 {result: responds(200, success), outcome: Applied},
		"200, success: false":     {result: responds(200, envelope), code: "CONT-001", outcome: NotApplied},
		"400":                     {result: responds(400, envelope), code: "CONT-001", outcome: NotApplied},
		"503":                     {result: responds(503, envelope), code: "CONT-001", outcome: Unknown},
		"200, contradictory":      {result: responds(200, `{"success":true,"success":false}`), outcome: Applied},
		"an error passes through": {result: breaks(Unknown), outcome: Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readFailure((&stub{results: []result{c.result}}).handle)(t.Context(), newPOST(t))
			var failure *Error
			if errors.As(err, &failure) != (c.code != "") || failure != nil && failure.Code != c.code || OutcomeOf(err) != c.outcome {
				t.Errorf("got %v, outcome %v", err, OutcomeOf(err))
			}
		})
	}
}

func TestRefuse_ReportsAViolationOnce(t *testing.T) {
	var reported []string
	v := newValidator(ValidationReport, &reported)
	x := newGET(t)
	x.response = responds(200, success).response
	x.violations = []*ValidationError{{Violations: []Violation{{Location: "query.limit"}}}}
	v.report(t.Context(), x, nil)
	err := v.refuse(t.Context(), x, true, Violation{Location: "body/data", Rule: "x", Message: "x"})
	if diff := cmp.Diff([]string{"query.limit", "body/data"}, reported); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestRun_RefusesThePathOfAnotherOperation(t *testing.T) {
	client, err := New("acc", WithToken("made-for-this-test"), WithBaseURL("https://api.invalid"))
	if err != nil {
		t.Fatal(err)
	}
	x := newExchange(t, "createAttribute", "/v1/accounts/acc/attributes", `{}`)
	x.called = "createAttribute"
	_, err = client.pipeline.run(t.Context(), x)
	if !errors.Is(err, ErrInvalidRequest) || !strings.Contains(err.Error(), "the path is not that of the operation") {
		t.Errorf("got %v", err)
	}
}
