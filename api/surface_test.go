package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

func TestEveryOperationHasAMethod(t *testing.T) {
	doc := readContract(t)
	token := doc.Components.SecuritySchemes["oauth2"].Value.Flows.ClientCredentials.TokenURL
	for path, item := range doc.Paths.Map() {
		if strings.HasSuffix(token, path) {
			continue
		}
		for _, op := range item.Operations() {
			name := strings.ToUpper(op.OperationID[:1]) + op.OperationID[1:]
			if _, ok := reflect.TypeFor[*api.Client]().MethodByName(name); !ok {
				t.Errorf("the operation %s has no method %s: add one to attributes.go", op.OperationID, name)
			}
		}
	}
}

func TestOutcomeOf(t *testing.T) {
	_, unsupported := json.Marshal(gen.Contact{Email: new("\xff")})                                 // as the generated client does
	unfit, broken := json.Unmarshal([]byte(`"x"`), new(int)), json.Unmarshal([]byte(`{`), new(int)) // the caller's own may be like that
	for name, c := range map[string]struct {
		err  error
		want api.Outcome
	}{
		"nil":               {nil, api.Applied},
		"foreign":           {errors.New("x"), api.Unknown},
		"400":               {&api.Error{StatusCode: 400}, api.NotApplied},
		"302":               {&api.Error{StatusCode: 302}, api.NotApplied},
		"408":               {&api.Error{StatusCode: 408}, api.Unknown},
		"500":               {&api.Error{StatusCode: 500}, api.Unknown},
		"200, said no":      {&api.Error{StatusCode: 200}, api.NotApplied},
		"invalid request":   {&api.ValidationError{}, api.NotApplied},
		"invalid response":  {&api.ValidationError{Direction: api.DirectionResponse, StatusCode: 200}, api.Applied},
		"invalid, unknown":  {&api.ValidationError{Direction: api.DirectionResponse}, api.Unknown},
		"no token":          {&api.AuthError{Err: &api.Error{StatusCode: 503}}, api.NotApplied},
		"wrapped":           {fmt.Errorf("x: %w", &api.Error{StatusCode: 400}), api.NotApplied},
		"joined":            {errors.Join(errors.New("x"), &api.Error{StatusCode: 400}), api.NotApplied},
		"joined, agreeing":  {errors.Join(&api.AuthError{}, &api.Error{StatusCode: 400}), api.NotApplied},
		"joined, not so":    {errors.Join(&api.Error{StatusCode: 400}, &api.ValidationError{Direction: api.DirectionResponse, StatusCode: 200}), api.Unknown},
		"joined in wrapped": {fmt.Errorf("%w, %w", errors.Join(&api.Error{StatusCode: 503}), errors.New("x")), api.Unknown},
		"not encodable":     {unsupported, api.NotApplied},
		"of another type":   {unfit, api.Unknown},
		"not decodable":     {broken, api.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			if got := api.OutcomeOf(c.err); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	for o, want := range map[api.Outcome]string{api.NotApplied: "not applied", api.Unknown: "unknown", api.Applied: "applied", 9: "Outcome(9)"} {
		if o.String() != want {
			t.Errorf("%v, want %s", o, want)
		}
	}
}

func TestErrorTexts(t *testing.T) {
	violations := make([]api.Violation, 7)
	for i := range violations {
		violations[i] = api.Violation{Location: fmt.Sprintf("body/%d", i), Rule: "type", Message: "is wrong"}
	}
	for want, err := range map[string]error{
		"sakari: createAttribute: 400 Bad Request: CONT-001: Invalid mobile number (not applied)":                                                                 &api.Error{Operation: "createAttribute", StatusCode: 400, Code: "CONT-001", Message: "Invalid mobile number"},
		"sakari: createAttribute: 429 Too Many Requests, retry after 3s (not applied)":                                                                            &api.Error{Operation: "createAttribute", StatusCode: 429, RetryAfter: 3e9},
		"sakari: createAttribute: 520 (outcome unknown)":                                                                                                          &api.Error{Operation: "createAttribute", StatusCode: 520},
		"sakari: invalid request: path.accountId: is empty (not applied)":                                                                                         &api.ValidationError{Violations: []api.Violation{{Location: "path.accountId", Message: "is empty"}}},
		"sakari: x: invalid response, status 200: body/0: is wrong; body/1: is wrong; body/2: is wrong; body/3: is wrong; body/4: is wrong; and 2 more (applied)": &api.ValidationError{Operation: "x", Direction: api.DirectionResponse, StatusCode: 200, Violations: violations},
		"sakari: no access token: the token endpoint answered 401 Unauthorized: A (not applied)":                                                                  &api.AuthError{StatusCode: 401, Code: "A"},
		"sakari: no access token: boom (not applied)":                                                                                                             &api.AuthError{Err: errors.New("boom")},
	} {
		if err.Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
		if got := fmt.Sprintf("%v|%s|%q", err, err, err); got != fmt.Sprintf("%s|%s|%q", want, want, want) {
			t.Errorf("got %s", got)
		}
	}
	if got := (api.DirectionRequest.String() + api.DirectionResponse.String()); got != "requestresponse" {
		t.Error(got)
	}
}
