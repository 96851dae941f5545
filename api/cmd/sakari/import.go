package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/urfave/cli/v3"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/cmd/sakari/internal/importer"
	"github.com/sakari-go/sakari-go/gen"
)

const importDescription = `DESCRIPTION
   FILE.csv or FILE.ndjson has one contact a record. It is read twice, so it is not a pipe.

   The first row of a CSV file has the paths of properties, such as firstName, mobile.number,
   attributes.plan or lists.0.name. The vendor's own names mobile and country are those of
   mobile.number and mobile.country. Others are lastName, email, optIn and hubspot.id; the spec has
   them all (https://developer.sakari.io/api-reference/contacts/create-contact). An empty cell is not
   sent. Separators are commas, semicolons or tabs, as in the first row. Each line of an NDJSON file
   is a JSON object. A record that is in the file twice is sent twice.

   Before anything is sent, the whole file is read. If it is not UTF-8, or a row is malformed, or a
   column is not in the spec, nothing is sent. A record that does not conform to the spec is not
   sent; the others are.

   The journal, FILE.journal, has a line before a record is sent, and one with its outcome. So an
   import that was interrupted or killed, or ran out of disk, can go on with -resume. It sends what
   was not applied, and nothing that may have been: that is unknown. -reconcile looks the unknown
   contacts up. One is applied if a contact has all that was sent. One that is not found stays
   unknown, because the API may store its number in another form. Look for it yourself, such as with
   "sakari contact list -last-name NAME". If it is not there, import NAME.unknown.csv.

   The import stops after ten failures in a row that are not about the records, such as status 503,
   and at once if the credentials are refused. An interrupt stops it after the calls in progress,
   and a second one at once.

FILES
   NAME.applied.csv, NAME.not-applied.csv, NAME.unknown.csv (or .ndjson)
       written at the end. Each record has its line, and the id, or the code and the message, in
       columns or members named import, which are not sent. Either correct the records that were
       not applied in FILE, and use -resume. Or correct them in NAME.not-applied.csv, and import
       that. Do not do both, or they are sent twice.
   FILE.journal
       what -resume needs. It has ids and messages, and hashes of the records. Keep it until no
       record of FILE is to be sent any more: without it all of them would be sent again.`

// importFlags are the options of an import.
type importFlags struct {
	into                       destination
	attributeType              *gen.AttributeType
	merge                      **gen.MergeStrategy
	rate                       float64
	isDryRun, allowsUndeclared bool
	importer.Import
}

// destination is where records are sent.
type destination string

const (
	toContacts   destination = "contacts"
	toAttributes destination = "attributes"
)

// Valid reports whether d is one of the constants.
func (d destination) Valid() bool { return d == toContacts || d == toAttributes }

func importCommand(p *process) *cli.Command {
	f := importFlags{into: toContacts}
	var typeOption, mergeOption cli.Flag
	f.attributeType, typeOption = typeFlag(typeUsage + " (of -into attributes)")
	f.merge, mergeOption = mergeFlag()
	return &cli.Command{
		Name: "import", Usage: "create the contacts of a file", ArgsUsage: "FILE", Description: importDescription,
		Flags: []cli.Flag{
			choice("into", "`NAME` contacts or attributes; contacts if it is not set",
				&f.into, toContacts, toAttributes),
			mergeOption,
			typeOption,
			&cli.IntFlag{
				Name: "concurrency", Value: 4, Destination: &f.Concurrency,
				Usage: "`N` the number of calls at a time, 1 to 100; 4 if it is not set",
				Validator: func(n int) error {
					if n < 1 || n > 100 {
						return errors.New("want a number from 1 to 100")
					}
					return nil
				},
			},
			&cli.FloatFlag{
				Name: "rate", Destination: &f.rate,
				Usage: "`N` the number of calls a second at most; unlimited if it is not set. " +
					"Status 429 slows all calls.",
				Validator: func(rate float64) error {
					if !(rate > 0) {
						return errors.New("want a number above 0")
					}
					return nil
				},
			},
			&cli.BoolFlag{
				Name: "dry-run", Destination: &f.isDryRun,
				Usage: "validate and count the records, send nothing; needs no environment",
			},
			&cli.BoolFlag{
				Name: "undeclared", Destination: &f.allowsUndeclared,
				Usage: "send properties that the spec does not declare, instead of refusing them",
			},
			&cli.BoolFlag{
				Name: "resume", Destination: &f.Resume,
				Usage: "go on with an import that ended early: send the records that were not applied",
			},
			&cli.BoolFlag{
				Name: "reconcile", Destination: &f.Reconcile,
				Usage: "look up the records that may have been applied, before -resume if it is set",
			},
		},
		ArgValidator: arguments,
		Action: func(ctx context.Context, c *cli.Command) error {
			f.File = c.Args().First()
			f.Log, f.IsTerminal = p.stderr, isTerminal(p.stderr)
			if f.into == toAttributes && *f.merge != nil {
				return usageError{errors.New("sakari: -merge is for contacts")}
			}
			if f.into == toContacts && c.IsSet("type") {
				return usageError{errors.New("sakari: -type is for -into attributes")}
			}
			if f.isDryRun {
				return dryRun(ctx, p, &f)
			}
			return runImport(ctx, p, &f)
		},
	}
}

func dryRun(ctx context.Context, p *process, f *importFlags) error {
	if err := f.setTarget(nil, ""); err != nil {
		return err
	}
	valid, invalid, err := f.Check(ctx, p.stdout)
	if err != nil {
		return usageError{fmt.Errorf("sakari: %w", err)}
	}
	if err := write(p, fmt.Sprintf("%d valid, %d invalid\n", valid, invalid)); err != nil {
		return err
	}
	if invalid > 0 {
		return usageError{fmt.Errorf("sakari: %d record(s) of %s are invalid", invalid, f.File)}
	}
	return nil
}

func runImport(ctx context.Context, p *process, f *importFlags) error {
	var opts []api.Option
	if f.rate > 0 {
		opts = append(opts, api.WithRateLimit(f.rate, 1))
	}
	client, account, err := clientFromEnvironment(p.getenv, opts...)
	if err != nil {
		return usageError{err}
	}
	if err := f.setTarget(client, account); err != nil {
		return err
	}
	f.Target.Server = cmp.Or(p.getenv("SAKARI_BASE_URL"), gen.ServerURLProduction)
	counts, err := f.Run(ctx)
	if counts == nil && errors.As(err, new(*importer.Stopped)) {
		return leftError{err: err}
	}
	if counts == nil {
		return usageError{fmt.Errorf("sakari: %w", err)}
	}
	appliedFile, notAppliedFile, unknownFile := f.Files()
	err = errors.Join(err, write(p, fmt.Sprintf("applied      %8d  %s\nnot applied  %8d  %s\nunknown      %8d  %s\n",
		counts.Applied, appliedFile, counts.NotApplied, notAppliedFile, counts.Unknown, unknownFile)))
	if counts.NotSent > 0 {
		err = errors.Join(err, write(p, fmt.Sprintf("not sent     %8d  continue with -resume\n", counts.NotSent)))
	}
	if err != nil || counts.NotApplied+counts.Unknown+counts.NotSent > 0 {
		return leftError{counts: counts, err: err}
	}
	return nil
}

// leftError reports that an import did not apply all records.
type leftError struct {
	counts *importer.Counts // nil if they are not known
	err    error
}

func (e leftError) exitStatus() int {
	if e.counts == nil || e.counts.Unknown > 0 {
		return exitUnknown
	}
	return exitNotApplied
}

func (e leftError) Error() string {
	if e.err != nil {
		return "sakari: " + e.err.Error()
	}
	const message = "sakari: %d record(s) were not applied, and %d may have been"
	text := fmt.Sprintf(message, e.counts.NotApplied, e.counts.Unknown)
	if e.counts.Unknown > 0 {
		text += "; -reconcile looks them up"
	}
	if e.counts.NotApplied > 0 {
		text += "; -resume sends the others again, so correct those that are invalid"
	}
	return text
}

func (e leftError) Unwrap() error { return e.err }

// setTarget sets what records are sent to. The client is nil in a dry run.
func (f *importFlags) setTarget(client *api.Client, account string) error {
	doc, err := readSpec()
	if err != nil {
		return err
	}
	offline, err := offlineClient()
	if err != nil {
		return err
	}
	path := "/v1/accounts/{accountId}/contacts"
	post := f.postContact
	f.Target = importer.Target{Into: string(f.into), Account: account}
	if f.into == toContacts && *f.merge != nil {
		f.Target.Into += " with -merge " + string(**f.merge)
		f.Target.MayShareIDs = true
	}
	if f.into == toContacts && client != nil {
		f.Target.Find = func(ctx context.Context, filter api.ContactFilter) (*gen.StoredContact, error) {
			return client.FindContact(ctx, filter)
		}
	}
	if f.into == toAttributes {
		path = "/v1/accounts/{accountId}/attributes/{attributeType}"
		post = f.postAttribute
		f.Target.Into += " of type " + string(*f.attributeType)
	}
	f.Target.Schema = doc.Paths.Find(path).Post.RequestBody.Value.Content.Get("application/json").Schema.Value
	f.Target.Check = func(ctx context.Context, body jsontext.Value) error {
		_, err := post(ctx, offline, "offline", body)
		return violationsOf(err)
	}
	f.Target.Send = func(ctx context.Context, body jsontext.Value) (string, error) {
		response, err := post(ctx, client, account, body)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		return idOf(response.Body), nil
	}
	if !f.allowsUndeclared {
		f.Target.Undeclared = func(body jsontext.Value) []string {
			var value any
			_ = json.Unmarshal(body, &value) // it is valid
			return undeclared(f.Target.Schema, value, "body")
		}
	}
	return nil
}

func (f *importFlags) postContact(
	ctx context.Context, client *api.Client, account string, body jsontext.Value,
) (*http.Response, error) {
	return client.Generated().CreateContactWithBody(ctx, account,
		&gen.CreateContactParams{MergeStrategy: *f.merge}, "application/json", bytes.NewReader(body))
}

func (f *importFlags) postAttribute(
	ctx context.Context, client *api.Client, account string, body jsontext.Value,
) (*http.Response, error) {
	return client.Generated().CreateAttributeWithBody(
		ctx, account, *f.attributeType, "application/json", bytes.NewReader(body))
}

// violationsOf returns the error of an offline call without what is the same for every record.
func violationsOf(err error) error {
	var invalid *api.ValidationError
	switch {
	case errors.Is(err, errOffline):
		return nil
	case !errors.As(err, &invalid):
		return err
	}
	texts := make([]string, len(invalid.Violations))
	for i, violation := range invalid.Violations {
		texts[i] = violation.String()
	}
	return errors.New(strings.Join(texts, "; "))
}

// idOf returns the id in a valid response. One about an attribute has none.
func idOf(response io.Reader) string {
	var created struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if json.UnmarshalRead(response, &created) != nil || len(created.Data) != 1 {
		return ""
	}
	return created.Data[0].ID
}
