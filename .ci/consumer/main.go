// Consumer is a program of another module that uses all of the client's public surface. It sends
// its requests to the fake server.
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

// The public surface. A change that does not compile here breaks users' programs.
var (
	_ = []func(string, ...api.Option) (*api.Client, error){api.New}
	_ = []func(*api.Client, string) (*api.Client, error){(*api.Client).WithAccount}
	_ = []func(*api.Client) *gen.ClientWithResponses{(*api.Client).Generated}

	_ = []func(
		*api.Client, context.Context, gen.AttributeType, gen.Contact, ...api.CallOption,
	) (*gen.Autotopup, error){(*api.Client).CreateAttribute}
	_ = []func(
		*api.Client, context.Context, gen.AttributeType, string, gen.Contact, ...api.CallOption,
	) (*gen.Autotopup, error){(*api.Client).UpdateAttribute}
	_ = []func(
		*api.Client, context.Context, gen.AttributeType, string, ...api.CallOption,
	) (*gen.Attribute, error){(*api.Client).GetAttribute}
	_ = []func(
		*api.Client, context.Context, gen.ListAttributesParams, ...api.CallOption,
	) iter.Seq2[gen.Attribute, error]{(*api.Client).ListAttributes}
	_ = []func(
		*api.Client, context.Context, gen.AttributeType, gen.ListAttributesByTypeParams,
		...api.CallOption,
	) iter.Seq2[gen.Attribute, error]{(*api.Client).ListAttributesByType}

	_ = []func(testing.TB, ...apitest.Option) *apitest.Server{apitest.NewServer}
	_ = []func(*apitest.Server, ...api.Option) *api.Client{(*apitest.Server).Client}
	_ = []func(*apitest.Server, ...apitest.Reply){(*apitest.Server).Respond}
	_ = []func(*apitest.Server) []apitest.Request{(*apitest.Server).Requests}

	_ = []api.Option{
		api.WithClientCredentials("", ""), api.WithToken(""),
		api.WithTokenSource(oauth2.StaticTokenSource(nil)), api.WithBaseURL(""),
		api.WithInsecureBaseURL(), api.WithHTTPClient(http.DefaultClient), api.WithUserAgent(""),
		api.WithLogger(slog.Default()), api.WithTimeout(time.Second), api.WithMaxAttempts(1),
		api.WithRateLimit(1, 1), api.WithMaxResponseBytes(1),
		api.WithValidation(api.ValidationStrict), api.WithValidation(api.ValidationReport),
		api.WithValidation(api.ValidationOff),
		api.WithViolationHandler(func(context.Context, *api.ValidationError) {}),
	}
	_ = []error{
		&api.Error{
			Operation: "", StatusCode: 0, Code: "", Message: "", Header: http.Header{},
			Body: []byte{}, RetryAfter: 0, Attempts: 0,
		},
		&api.ValidationError{
			Operation: "", Direction: api.DirectionRequest, StatusCode: 0, Header: http.Header{},
			Body: []byte{}, Violations: []api.Violation{{Location: "", Rule: "", Message: ""}},
		},
		&api.ValidationError{Direction: api.DirectionResponse},
		&api.AuthError{StatusCode: 0, Code: "", Message: "", RetryAfter: 0, Err: nil},
		&api.NetworkError{Operation: "", Attempts: 0, Err: nil},
		api.ErrInvalidRequest, api.ErrInvalidResponse, api.ErrUnauthorized, api.ErrForbidden,
		api.ErrNotFound, api.ErrRateLimited,
	}
	_ = api.Response{StatusCode: 0, Header: http.Header{}, Body: []byte{}}
	_ = []api.Outcome{api.NotApplied, api.Unknown, api.Applied, api.OutcomeOf(nil)}
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
	var violations []error
	report := func(violation error) { violations = append(violations, violation) }
	server, err := apitest.Start(report)
	if err != nil {
		return err
	}
	defer server.Close()
	client, err := api.New(server.AccountID, api.WithBaseURL(server.URL),
		api.WithClientCredentials(server.ClientID, server.ClientSecret))
	if err != nil {
		return err
	}
	ctx := context.Background()
	var response api.Response
	contact := gen.Contact{Email: new("chris@sakari.io")}
	setting, err := client.CreateAttribute(
		ctx, gen.AttributeTypeContacts, contact, api.CaptureResponse(&response))
	if err != nil {
		return err
	}
	hasAmount := strings.Contains(string(response.Body), fmt.Sprint(setting.Amount))
	if !hasAmount || response.StatusCode != http.StatusOK {
		return fmt.Errorf("%v is not in the response %s", setting.Amount, response.Body)
	}
	listed := 0
	params := gen.ListAttributesParams{Limit: new(1)}
	for attribute, err := range client.ListAttributes(ctx, params) {
		if err != nil {
			return err
		}
		listed++
		_, err = client.GetAttribute(ctx, gen.AttributeTypeContacts, *attribute.ID)
		if err != nil {
			return err
		}
	}
	if listed != 1 {
		return fmt.Errorf("%d attributes are listed, want 1", listed)
	}
	_, err = client.CreateAttribute(ctx, "no-such-type", gen.Contact{})
	var invalid *api.ValidationError
	isInvalid := errors.As(err, &invalid) && errors.Is(err, api.ErrInvalidRequest)
	if !isInvalid || api.OutcomeOf(err) != api.NotApplied {
		return fmt.Errorf("an unknown attribute type: got error %w", err)
	}
	agent := server.Requests()[0].Header.Get("User-Agent")
	if want := "sakari-go/" + version; agent != want {
		return fmt.Errorf("the User-Agent is %q, want %q", agent, want)
	}
	if len(violations) > 0 {
		return errors.Join(violations...)
	}
	fmt.Println("a program of another module works with version", version)
	return nil
}
