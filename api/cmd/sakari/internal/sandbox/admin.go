package sandbox

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
)

// entry is a request as the page and the admin API show it: without header fields and secrets.
type entry struct {
	Time         time.Time `json:"time"`
	Operation    string    `json:"operation"` // empty if the spec has no such operation
	Method       string    `json:"method"`
	Path         string    `json:"path"`
	Status       int       `json:"status"`            // 0 without a response
	Outcome      string    `json:"outcome,omitempty"` // token calls have none
	Violations   []string  `json:"violations"`
	RequestBody  string    `json:"requestBody"`
	ResponseBody string    `json:"responseBody"`
}

// entries returns the last requests, the oldest first.
func (s *Server) entries() []entry {
	var all []entry
	for _, r := range s.TokenRequests() {
		all = append(all, newEntry(r, ""))
	}
	for _, r := range s.Requests() {
		all = append(all, newEntry(r, outcomeOf(r)))
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.Time.Compare(b.Time) })
	return all[max(0, len(all)-maxRequests):]
}

func newEntry(r apitest.Request, outcome string) entry {
	e := entry{
		Time:         r.Time.UTC(),
		Operation:    r.Operation,
		Method:       r.Method,
		Path:         textOf([]byte(r.Path)),
		Status:       r.Status,
		Outcome:      outcome,
		RequestBody:  textOf(r.Body),
		ResponseBody: textOf(r.Response),
	}
	for _, violation := range violations(r.Violation) {
		e.Violations = append(e.Violations, textOf([]byte(strings.TrimPrefix(violation, ": "))))
	}
	return e
}

// secrets matches members of JSON and fields of a form or query.
var secrets = regexp.MustCompile(`(client_secret|access_token)("?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|[^\s&,}"]+)`)

// textOf returns text without secrets.
func textOf(body []byte) string {
	return secrets.ReplaceAllString(strings.ToValidUTF8(string(body), "\uFFFD"), `$1$2"REDACTED"`)
}

// outcomeOf returns the outcome for a client that trusts only what the API itself said.
func outcomeOf(r apitest.Request) string {
	if r.Status < 200 || r.Status > 299 {
		return api.OutcomeOf(&api.Error{StatusCode: r.Status}).String()
	}
	var body struct {
		Success *bool `json:"success"`
	}
	if json.Unmarshal(r.Response, &body) != nil || body.Success == nil {
		return api.Unknown.String()
	}
	if *body.Success {
		return api.Applied.String()
	}
	return api.NotApplied.String()
}

// violations returns the violations in an error of kin-openapi. Each begins with its location and a
// colon.
func violations(err error) []string {
	var all []string
	switch e := err.(type) {
	case nil:
	case openapi3.MultiError:
		for _, one := range e {
			for _, text := range violations(one) {
				if !slices.Contains(all, text) { // two parts of an allOf may refuse the same
					all = append(all, text)
				}
			}
		}
	case *openapi3.SchemaError:
		var parts openapi3.MultiError
		if e.SchemaField == "allOf" && errors.As(e.Origin, &parts) {
			return violations(parts) // with the whole location
		}
		location := ""
		for _, name := range e.JSONPointer() {
			location += "/" + name
		}
		all = append(all, location+": "+e.Reason) // the origin may contain the value
	case *openapi3filter.RequestError:
		location := "body"
		if e.Parameter != nil {
			location = e.Parameter.In + "." + e.Parameter.Name
		}
		if all = violations(e.Err); len(all) == 0 {
			all = []string{": " + e.Reason}
		}
		for i := range all {
			all[i] = location + all[i]
		}
	default:
		all = append(all, ": "+err.Error())
	}
	return all
}

func (s *Server) listRequests(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Requests []entry `json:"requests"`
	}{s.entries()})
}

func (s *Server) addReplies(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r, maxBodyBytes)
	var replies []apitest.Reply
	if err == nil {
		replies, err = parseReplies(body)
	}
	if err == nil {
		s.Respond(replies...)
	}
	finish(w, err)
}

type rawReply struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header"`
	Body   jsontext.Value    `json:"body"` // a text, or any other JSON as it is
	Empty  bool              `json:"empty"`
	Delay  string            `json:"delay"`
	Fault  string            `json:"fault"`
}

// parseReplies returns one reply or those of an array.
func parseReplies(text []byte) ([]apitest.Reply, error) {
	raw := make([]rawReply, 1)
	target := any(&raw[0])
	if jsontext.Value(text).Kind() == '[' {
		target = &raw
	}
	if err := decode(text, target); err != nil {
		return nil, err
	}
	replies := make([]apitest.Reply, len(raw))
	for i, r := range raw {
		way, isFault := kinds[r.Fault]
		delay, err := time.ParseDuration(cmp.Or(r.Delay, "0s"))
		switch {
		case r.Status != 0 && (r.Status < 200 || r.Status > 999):
			return nil, fmt.Errorf("%d/status: want 200 to 999", i)
		case r.Fault != "" && !isFault:
			return nil, fmt.Errorf("%d/fault: want reset, truncate, hang or drip", i)
		case err != nil || delay < 0:
			return nil, fmt.Errorf("%d/delay: want a duration such as 50ms", i)
		}
		replies[i] = apitest.Reply{Status: r.Status, Body: string(r.Body), Empty: r.Empty, Delay: delay, Fault: way}
		if r.Body.Kind() == '"' {
			_ = json.Unmarshal(r.Body, &replies[i].Body) // it is a text
		}
		replies[i].Header = make(http.Header)
		for name, value := range r.Header {
			if !fieldName.MatchString(name) || strings.ContainsAny(value, "\r\n\x00") {
				return nil, fmt.Errorf("%d/header: want names and values of HTTP", i)
			}
			replies[i].Header.Set(name, value)
		}
	}
	return replies, nil
}

// fieldName matches the name of a header field (RFC 9110 5.1). net/http does not send another one.
var fieldName = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")

func (s *Server) reset(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r, maxBodyBytes)
	if err == nil && len(bytes.TrimSpace(body)) > 0 {
		err = decode(body, new(struct{}))
	}
	if err == nil {
		s.Reset()
		s.RespondFunc(s.choose)
	}
	finish(w, err)
}

func (s *Server) addSeed(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r, maxSeedBytes)
	var seed apitest.Seed
	if err == nil {
		seed, err = parseSeed(body)
	}
	if err == nil {
		err = s.Seed(seed)
	}
	finish(w, err)
}

func (s *Server) setFaults(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r, maxBodyBytes)
	var given struct {
		Faults  []string `json:"faults"`
		Latency string   `json:"latency"`
	}
	if err == nil {
		err = decode(body, &given)
	}
	latency, invalid := time.ParseDuration(cmp.Or(given.Latency, "0s"))
	if err == nil && invalid != nil {
		err = errors.New("latency: want a duration such as 50ms")
	}
	var set settings
	if err == nil {
		set, err = newSettings(given.Faults, latency)
	}
	if err == nil {
		s.mu.Lock()
		s.settings = set
		s.mu.Unlock()
	}
	finish(w, err)
}

// finish responds to a change.
func finish(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.As(err, new(*http.MaxBytesError)):
		fail(w, http.StatusRequestEntityTooLarge, err)
	default:
		fail(w, http.StatusBadRequest, err)
	}
}

func fail(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, struct {
		Error string `json:"error"`
	}{strings.ToValidUTF8(strings.TrimPrefix(err.Error(), ": "), "\uFFFD")})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value, jsontext.Multiline(true), jsontext.EscapeForHTML(true))
	if err != nil {
		panic(fmt.Sprintf("encode a response: %v", err)) // all texts are valid UTF-8
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}
