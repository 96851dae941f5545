// Consumer is a program of another module that uses the public surface of the client, all of it, against the double.
package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

// The surface: what changes here breaks programs.
var (
	_ func(string, ...api.Option) (*api.Client, error)                                                                                         = api.New
	_ func(*api.Client, context.Context, gen.AttributeType, gen.Contact, ...api.CallOption) (*gen.Autotopup, error)                            = (*api.Client).CreateAttribute
	_ func(*api.Client, context.Context, gen.AttributeType, string, gen.Contact, ...api.CallOption) (*gen.Autotopup, error)                    = (*api.Client).UpdateAttribute
	_ func(*api.Client, context.Context, gen.AttributeType, string, ...api.CallOption) (*gen.Attribute, error)                                 = (*api.Client).GetAttribute
	_ func(*api.Client, context.Context, gen.ListAttributesParams, ...api.CallOption) iter.Seq2[gen.Attribute, error]                          = (*api.Client).ListAttributes
	_ func(*api.Client, context.Context, gen.AttributeType, gen.ListAttributesByTypeParams, ...api.CallOption) iter.Seq2[gen.Attribute, error] = (*api.Client).ListAttributesByType
	_ func(*api.Client, string) (*api.Client, error)                                                                                           = (*api.Client).WithAccount
	_ func(*api.Client) *gen.ClientWithResponses                                                                                               = (*api.Client).Generated
	_ func(testing.TB, ...apitest.Option) *apitest.Server                                                                                      = apitest.NewServer
	_ func(*apitest.Server, ...api.Option) *api.Client                                                                                         = (*apitest.Server).Client
	_ func(*apitest.Server, ...apitest.Reply)                                                                                                  = (*apitest.Server).Respond
	_ func(*apitest.Server) []apitest.Request                                                                                                  = (*apitest.Server).Requests
	_ func(error) api.Outcome                                                                                                                  = api.OutcomeOf

	_ = [...]api.Option{
		api.WithClientCredentials("", ""), api.WithToken(""), api.WithTokenSource(oauth2.StaticTokenSource(nil)), api.WithBaseURL(""),
		api.WithHTTPClient(http.DefaultClient), api.WithUserAgent(""), api.WithLogger(slog.Default()), api.WithTimeout(time.Second),
		api.WithMaxAttempts(1), api.WithRateLimit(1, 1), api.WithMaxResponseBytes(1), api.WithValidation(api.ValidationStrict),
		api.WithValidation(api.ValidationReport), api.WithValidation(api.ValidationOff),
		api.WithViolationHandler(func(context.Context, *api.ValidationError) {}), api.WithInsecureBaseURL(),
	}
	_ = [...]error{
		&api.Error{Operation: "", StatusCode: 0, Code: "", Message: "", Header: http.Header{}, Body: []byte{}, RetryAfter: 0, Attempts: 0},
		&api.ValidationError{Operation: "", Direction: api.DirectionRequest, StatusCode: 0, Header: http.Header{}, Body: []byte{},
			Violations: []api.Violation{{Location: "", Rule: "", Message: ""}}},
		&api.ValidationError{Direction: api.DirectionResponse},
		&api.AuthError{StatusCode: 0, Code: "", Message: "", Err: nil},
		api.ErrInvalidRequest, api.ErrInvalidResponse, api.ErrUnauthorized, api.ErrForbidden, api.ErrNotFound, api.ErrRateLimited,
	}
	_ = api.Response{StatusCode: 0, Header: http.Header{}, Body: []byte{}}
	_ = [...]api.Outcome{api.NotApplied, api.Unknown, api.Applied}
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: consumer VERSION, of the client that it was built with")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(version string) error {
	var breaches []error
	server, err := apitest.Start(func(breach error) { breaches = append(breaches, breach) })
	if err != nil {
		return err
	}
	defer server.Close()
	client, err := api.New(server.AccountID, api.WithClientCredentials(server.ClientID, server.ClientSecret), api.WithBaseURL(server.URL))
	if err != nil {
		return err
	}
	ctx := context.Background()
	var answer api.Response
	setting, err := client.CreateAttribute(ctx, gen.AttributeTypeContacts, gen.Contact{Email: new("chris@sakari.io")}, api.CaptureResponse(&answer))
	if err != nil {
		return err
	}
	if !strings.Contains(string(answer.Body), fmt.Sprint(setting.Amount)) || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%v is not in the answer %s", setting.Amount, answer.Body)
	}
	listed := 0
	for attribute, err := range client.ListAttributes(ctx, gen.ListAttributesParams{Limit: new(1)}) {
		if err != nil {
			return err
		}
		listed++
		if _, err := client.GetAttribute(ctx, gen.AttributeTypeContacts, *attribute.ID); err != nil {
			return err
		}
	}
	if listed != 1 {
		return fmt.Errorf("%d attributes are listed, want 1", listed)
	}
	_, err = client.CreateAttribute(ctx, "companies", gen.Contact{})
	var violation *api.ValidationError
	if !errors.As(err, &violation) || !errors.Is(err, api.ErrInvalidRequest) || api.OutcomeOf(err) != api.NotApplied {
		return fmt.Errorf("a bad type gives %w", err)
	}
	if got, want := server.Requests()[0].Header.Get("User-Agent"), "sakari-go/"+version; got != want {
		return fmt.Errorf("the User-Agent is %q, want %q", got, want)
	}
	if len(breaches) > 0 {
		return errors.Join(breaches...)
	}
	fmt.Println("a program of another module works with version", version)
	return nil
}
