package api_test

import (
	"encoding/base64"
	jsonv1 "encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/api/apitest"
	"github.com/sakari-go/sakari-go/gen"
)

// everyVerb lists the verbs of package fmt, some of them with flags.
var everyVerb = strings.Fields("%v %+v %#v %s %q %x %X %d %t %b %c %o %O %U %e %E %f %F %g %G %10v %.3s %#x %+d")

// With every verb fmt prints the text of an error, and none of its fields. The JSON of an error has
// no field that may contain a secret.
func TestErrors_PrintTheirTextOnly(t *testing.T) {
	refused := &api.Error{Operation: "x", StatusCode: 400, Header: header("X", "hunter2"), Body: []byte("hunter2")}
	invalid := &api.ValidationError{
		Operation:  "x",
		Violations: []api.Violation{{Location: "body"}},
		Header:     refused.Header,
		Body:       refused.Body,
	}
	auth := &api.AuthError{StatusCode: 401, RetryAfter: time.Second, Err: errors.New("hunter2")}
	network := &api.NetworkError{Operation: "x", Attempts: 1, Err: errors.New("reset")}
	for _, c := range []struct {
		text   string
		values []any
	}{
		{refused.Error(), []any{refused, *refused}},
		{invalid.Error(), []any{invalid, *invalid}},
		{auth.Error(), []any{auth, *auth}},
		{network.Error(), []any{network, *network}},
	} {
		for _, value := range c.values {
			for _, verb := range everyVerb {
				want := c.text
				if verb == "%#v" || verb == "%q" {
					want = strconv.Quote(want)
				}
				if got := fmt.Sprintf(verb, value); got != want {
					t.Errorf("%s of %T: %s, want %s", verb, value, got, want)
				}
			}
			v1, err := jsonv1.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			v2, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			for _, field := range []string{`"Header"`, `"Body"`, `"Err"`, "hunter2"} {
				if strings.Contains(string(v1)+string(v2), field) {
					t.Errorf("%s is in the JSON of %T: %s, %s", field, value, v1, v2)
				}
			}
		}
	}
}

func TestClient_PrintsItsAddressOnly(t *testing.T) {
	client := newClient(t, "https://api.invalid/x")
	const want = `sakari client of account "acc" at https://api.invalid/x/`
	for _, verb := range everyVerb {
		for _, value := range []any{client, *client} {
			if got := fmt.Sprintf(verb, value); got != want && got != strconv.Quote(want) {
				t.Errorf("%s: %s, want %s", verb, got, want)
			}
		}
	}
}

func TestResponse_PrintsItsStatusOnly(t *testing.T) {
	response := api.Response{StatusCode: 200, Header: header("X", "hunter2"), Body: []byte("hunter2")}
	for _, verb := range everyVerb {
		for _, value := range []any{response, &response} {
			if got := fmt.Sprintf(verb, value); strings.Trim(got, `"`) != "200 OK" {
				t.Errorf("%s: %s", verb, got)
			}
		}
	}
	if text, err := jsonv1.Marshal(response); err != nil || string(text) != `{"StatusCode":200}` {
		t.Errorf("%s, %v", text, err)
	}
}

// Neither package fmt nor a printer that follows every field and pointer finds a secret in a value
// of this package, before a call and after it.
func TestPrinting_ShowsNoSecret(t *testing.T) {
	server := apitest.NewServer(t)
	_, err := create(t, server.Client()) // so that the token is known
	if err != nil {
		t.Fatal(err)
	}
	bearer := token(server)
	secrets := []string{
		server.ClientSecret, bearer, base64.StdEncoding.EncodeToString([]byte(server.ClientID + ":" + server.ClientSecret)),
	}
	for name, option := range map[string]api.Option{
		"WithClientCredentials": api.WithClientCredentials(server.ClientID, server.ClientSecret),
		"WithToken":             api.WithToken(bearer),
		"WithTokenSource":       api.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: bearer})),
	} {
		t.Run(name, func(t *testing.T) {
			var captured api.Response
			capture := api.CaptureResponse(&captured)
			client := server.Client(option)
			values := []any{option, capture, client, *client, client.Generated(), *client.Generated(), map[string]any{"x": []any{*client}}}
			checkPrints(t, secrets, values...)
			if _, err := create(t, client, capture); err != nil {
				t.Fatal(err)
			}
			response, err := client.Generated().CreateAttributeWithResponse(t.Context(), server.AccountID, "contacts", gen.Contact{})
			if err != nil {
				t.Fatal(err)
			}
			if got := response.HTTPResponse.Request; got.URL.Host == "" || got.Header.Get("Accept") == "" {
				t.Errorf("the request of the response: %+v", got)
			}
			all := server.Requests()
			_, sent, _ := strings.Cut(all[len(all)-1].Header.Get("Authorization"), "Bearer ")
			checkPrints(t, append(secrets, sent), append(values, response, &captured)...)
		})
	}
}

// The causes of errors hold requests and responses. No printer finds a secret in them.
func TestPrinting_ShowsNoSecretOfAnError(t *testing.T) {
	const secret, bearer = "secret-of-the-client", "token-of-the-server"
	tokens := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.Copy(w, r.Body)
	})
	config := clientcredentials.Config{ClientID: "id", ClientSecret: secret, TokenURL: tokens}
	cut := serve(t, func(w http.ResponseWriter, r *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(connection, r.Header.Get("Authorization")+"\r\n\r\n")
		_ = connection.Close()
	})
	refusing := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	unauthorized := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	elsewhere := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/oauth2/token") {
			writeJSON(w, `{"access_token":"`+bearer+`","token_type":"mac"}`)
			return
		}
		writeJSON(w, `{"success":"`+bearer+`"}`)
	})
	for name, c := range map[string]struct {
		base   string
		option api.Option
	}{
		"Error":           {refusing, api.WithToken(bearer)},
		"401":             {unauthorized, api.WithToken(bearer)},
		"NetworkError":    {cut, api.WithToken(bearer)},
		"ValidationError": {elsewhere, api.WithToken(bearer)},
		"AuthError":       {elsewhere, api.WithClientCredentials("id", secret)},
		"no token server": {"http://" + closedAddress, api.WithClientCredentials("id", secret)},
		"token source":    {refusing, api.WithTokenSource(config.TokenSource(t.Context()))},
		"another token source": {refusing, api.WithTokenSource(sourceFunc(func() (*oauth2.Token, error) {
			_, err := http.Get("http://" + closedAddress + "/?client_secret=" + secret)
			return nil, fmt.Errorf("fetching: %w", err)
		}))},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, c.base, c.option, new(waits).option())
			_, err := create(t, client)
			secrets := []string{secret, bearer, base64.StdEncoding.EncodeToString([]byte("id:" + secret))}
			checkPrints(t, secrets, err, errors.Join(err), client)
			checkPrints(t, secrets, unwrapped(err)...)
			var auth *api.AuthError
			if errors.As(err, &auth) && strings.Contains(reachable(auth, nil), bearer) {
				t.Errorf("what the token endpoint sent is in %#v", auth)
			}
		})
	}
}

// checkPrints fails the test if a printer finds a secret in a value.
func checkPrints(t *testing.T, secrets []string, values ...any) {
	t.Helper()
	for _, value := range values {
		for _, text := range append(forms(value), reachable(value, sentFields)) {
			for _, secret := range secrets {
				if strings.Contains(text, secret) {
					t.Errorf("%q is in %T: %s", secret, value, text)
				}
			}
		}
	}
}

func TestErrors_RedactWhatTheServerRepeats(t *testing.T) {
	server := apitest.NewServer(t)
	client := server.Client()
	if _, err := create(t, client); err != nil { // so that the token is known
		t.Fatal(err)
	}
	contact := gen.Contact{
		Email: new("chris@sakari.io"), FirstName: new("Chris"), LastName: new("Bloggs"),
		Mobile:               &gen.ContactMobile{Number: new("123-456-7890"), LineType: new("mobile")},
		Attributes:           properties{"x": []any{"free-form"}}.raw(),
		AdditionalProperties: properties{"x-nickname": "Kit"}.raw(),
	}
	message := "Invalid mobile number 123-456-7890 of Chris Bloggs (Kit, free-form) <chris@sakari.io>" +
		" with " + token(server) + "\nnext line"
	secrets := []string{
		"123-456-7890", "Chris", "Bloggs", "Kit", "free-form", "chris@sakari.io", token(server),
	}
	body := fmt.Sprintf(`{"success":false,"error":{"code":"CONT-001 chris@sakari.io","message":%q}}`, message)
	server.Respond(apitest.Reply{Status: 400, Body: body})
	_, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
	refused := as[*api.Error](t, err)
	checkText(t, err, secrets...)
	text := ": Invalid mobile number [redacted] of [redacted] [redacted] ("
	if !strings.Contains(err.Error(), text) || refused.Message != message || string(refused.Body) != body {
		t.Errorf("%v\nmessage %q, body %s", err, refused.Message, refused.Body)
	}
	checkText(t, errors.Join(err), secrets...)
	for _, text := range forms(*refused) {
		if strings.Contains(text, "chris") {
			t.Errorf("personal data in %s", text)
		}
	}

	server.RespondToken(apitest.Reply{
		Status: 400,
		Body:   fmt.Sprintf(`{"error":"invalid_client","error_description":"no %s"}`, server.ClientSecret),
	})
	_, err = create(t, server.Client())
	as[*api.AuthError](t, err)
	checkText(t, err, server.ClientSecret)
}

func TestErrors_RedactManySpellings(t *testing.T) {
	contact := gen.Contact{
		Email: new("Chris.Bloggs@Sakari.io"), FirstName: new("Tom&Jerry-secret"), LastName: new("Ng"),
		Mobile: &gen.ContactMobile{Number: new("123-456-7890"), LineType: new("mobile")},
		Lists: []gen.ContactList{{Filter: &gen.ListFilter{
			Q:          new("mailbox@example.net"),
			Attributes: []gen.FilterAttribute{{Value: []string{"078-05-1120"}}},
		}}},
		Attributes: properties{
			"phone":           int64(15551234567),
			"kim@example.org": true,
			"name":            "\u738b\u4f1f",
			"other":           "\u0393\u03b9\u03ce\u03c1\u03b3\u03bf\u03c2",
		}.raw(),
	}
	for message, leak := range map[string]string{
		"chris.bloggs@sakari.io exists":                         "bloggs",
		"Unknown person Ng":                                     "Ng",
		"\u0393\u0399\u038f\u03a1\u0393\u039f\u03a3 is unknown": "\u0393\u0399\u038f\u03a1\u0393\u039f\u03a3",
		"mailbox@example.net is no filter":                      "mailbox",
		"078-05-1120 is no value":                               "1120",
		"Unknown person \u738b\u4f1f!":                          "\u738b\u4f1f",
		"1234567890 is no number":                               "1234567890",
		"(123) 45 67-890 is no number":                          "45 67",
		"+11234567890 is no number":                             "1234567890",
		"15551234567 is bad":                                    "15551234567",
		"attribute kim@example.org is bad":                      "kim",
		`bad: {"firstName":"Tom\u0026Jerry-secret"}`:            "Jerry",
	} {
		server := apitest.NewServer(t)
		body := fmt.Sprintf(`{"success":false,"error":{"message":%q}}`, message)
		server.Respond(apitest.Reply{Status: 400, Body: body})
		_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
		checkText(t, err, leak)
		if got := as[*api.Error](t, err).Message; got != message {
			t.Errorf("message %q, want %q", got, message)
		}
	}
	const secret = "hunter2&<topsecret"
	server := apitest.NewServer(t)
	server.RespondToken(apitest.Reply{
		Status: 400,
		Body:   `{"error_description":"no {\"client_secret\":\"hunter2\\u0026\\u003ctopsecret\"}"}`,
	})
	_, err := create(t, server.Client(api.WithClientCredentials("id", secret)))
	as[*api.AuthError](t, err)
	checkText(t, err, "hunter2", "topsecret")
}

// Only what may be personal is redacted.
func TestErrors_StayReadable(t *testing.T) {
	contact := gen.Contact{
		Email:     new("ali@example.com"),
		FirstName: new("Ali"),
		Mobile:    &gen.ContactMobile{Number: new("+1 001 555 0100")},
	}
	for message, want := range map[string]string{
		"Contact has requested no further communication": "Contact has requested no further communication",
		"Invalid mobile number":                          "Invalid mobile number",
		"Ali is not valid":                               "[redacted] is not valid",
		"no ali@example.com":                             "no [redacted]",
		"locked by Joe <joe@bloggs.com>, ask":            "locked by Joe <[redacted]>, ask", // only names of the request are redacted
		`of "joe bloggs"@example.com, o'brien@a.example.org; bounce+x=example.com@lists.example.com.`: `of [redacted], [redacted]; [redacted].`,
		"job 7@worker-3:8080 of pkg@v1.2.3": "job 7@worker-3:8080 of pkg@v1.2.3",
		"no 10015550100":                    "no [redacted]",
		"try again in 5 s":                  "try again in 5 s",
	} {
		server := apitest.NewServer(t)
		body := fmt.Sprintf(`{"success":false,"error":{"code":"CONT-001","message":%q}}`, message)
		server.Respond(apitest.Reply{Status: 400, Body: body})
		_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
		if text := "sakari: createAttribute: 400 Bad Request: CONT-001: " + want + " (not applied)"; err.Error() != text {
			t.Errorf("got  %v\nwant %s", err, text)
		}
	}
}

// A last name is removed wherever the message repeats it, and no more than it.
func TestErrors_RedactWholeValues(t *testing.T) {
	for name, c := range map[string]struct{ value, message, want string }{
		"emoji":                      {"🦄", "no 🦄, x🦄y", "no [redacted], x[redacted]y"},
		"emoji, another style":       {"❤", "no ❤\ufe0f!", "no [redacted]!"},
		"emoji of two":               {"👩\u200d🦱", "no 👩\u200d🦱 or 👩", "no [redacted] or 👩"},
		"enclosed letters":           {"Ⓐnna", "no ⓐNNA", "no [redacted]"},
		"one enclosed letter":        {"Ⓐ", "no Ⓐ.", "no [redacted]."},
		"numbers that are no digits": {"Ⅷ①½", "no Ⅷ①½.", "no [redacted]."},
		"private use":                {"\ue000", "no \ue000.", "no [redacted]."},
		"symbols":                    {"$~^|+=", "no a$~^|+=b", "no a[redacted]b"},
		"punctuation":                {"*****", "no ***** here", "no [redacted] here"},
		"a placeholder":              {"-", "no - here", "no - here"},
		"blank":                      {" ", "no blank here", "no blank here"},
		"punctuation and letters":    {"C/O K!", "no C/O K! here", "no [redacted] here"},
		"an apostrophe":              {"O'Brien", "no o'brien", "no [redacted]"},

		"Devanagari":                        {"किशोर", "no किशोर है", "no [redacted] है"},
		"Devanagari, a mark after it":       {"कमल", "no कमलों here", "no [redacted] here"},
		"Thai in a sentence":                {"สมชาย", "ไม่พบสมชายในระบบ", "ไม่พบ[redacted]ในระบบ"},
		"Han in a sentence":                 {"王伟", "用户王伟不存在", "用户[redacted]不存在"},
		"one Han character":                 {"王", "用户王不存在", "用户[redacted]不存在"},
		"Korean with a particle":            {"철수", "철수는 없습니다", "[redacted]는 없습니다"},
		"Japanese with Latin":               {"Kit", "Kitさんは", "[redacted]さんは"},
		"Thai marks before Latin":           {"Kit", "ที่Kitค่ะ", "ที่[redacted]ค่ะ"},
		"Hebrew with a prefix":              {"דוד", "שלום לדוד.", "שלום ל[redacted]."},
		"Arabic between marks of direction": {"محمد", "no \u2067محمد\u2069!", "no \u2067[redacted]!"},
		"Arabic digits":                     {"٠٥٠١٢٣٤", "no 0501234", "no [redacted]"},

		"full width":               {"Ali 555012345", "no Ａｌｉ ５５５０１２３４５", "no [redacted]"},
		"full width sent":          {"ＡＬＩ", "no Ali", "no [redacted]"},
		"Turkish capital":          {"İnci", "no inci, i\u0307nci, İNCİ", "no [redacted], [redacted], [redacted]"},
		"Turkish dotless":          {"Işık", "no ışık, IŞIK", "no [redacted], [redacted]"},
		"German in capitals":       {"Weiß", "no WEISS", "no [redacted]"},
		"zero-width characters":    {"Bloggs", "no Blo\u200bg\u00adgs\u200d", "no [redacted]"},
		"zero-width ones sent":     {"Blo\u200dggs", "no bloggs", "no [redacted]"},
		"decomposed":               {"Zoe\u0308", "no ZOE\u0308", "no [redacted]"},
		"another letter by a mark": {"Al", "no Al\u0301 or Al", "no Al\u0301 or [redacted]"},

		"percent-encoded":       {"Müller & Co", "no M%C3%BCller%20%26%20Co", "no [redacted]"},
		"in a form":             {"Müller & Co", "no name=m%c3%bcller+%26+co", "no name=[redacted]"},
		"percent-encoded Latin": {"Müller", "no M%FCller", "no [redacted]"},
		"escaped for JSON":      {`Q"é🦄`, `no {"lastName":"Q\"\u00e9\ud83e\udd84"}`, `no {"lastName":"[redacted]"}`},
		"escaped for HTML":      {"Tom&Jerry <b>", "no Tom&amp;Jerry &lt;b&gt;", "no [redacted]"},
		"escaped by number":     {"Zoë", "no Zo&#235; Zo&#xEB; Zo&euml;", "no [redacted] [redacted] [redacted]"},

		"short, in a word":             {"Al", "Invalid mobile number of Al", "Invalid mobile number of [redacted]"},
		"long, in a word":              {"Chris", "no Christopher", "no [redacted]"},
		"long, in an ordinary word":    {"Umber", "Invalid mobile number of Umber", "Invalid mobile number of [redacted]"},
		"a word of the spec's example": {"Mobile", "Invalid mobile number", "Invalid mobile number"},
		"a word of its schema":         {"Further", "Contact has requested no further communication", "Contact has requested no further communication"},
		"the start of a whole value":   {"Al Abc", "no Al Bcd", "no [redacted] Bcd"},
		"an ordinary word":             {"Required", "Contact is required", "Contact is required"},
		"a name that is a word":        {"Will", "The request will fail for Will", "The request [redacted] fail for [redacted]"},
		"a word of the spec's contact": {"Bloggs", "no Bloggs", "no [redacted]"},
		"ordinary words":               {"not required", "it is not required, required", "it is [redacted], required"},
		"one other word":               {"the number of Kit", "the number of Kit, Kit: number", "[redacted], [redacted]: number"},
		"a word with a digit":          {"mobile2", "no mobile2", "no [redacted]"},
		"a number":                     {"42", "no 42 or 421", "no [redacted] or 421"},
		"mail of ordinary words":       {"contact@mobile.com", "Contact contact%40mobile.com", "Contact [redacted]"},
		"a stranger's mail in a URL":   {"Kit", "no ?q=joe%40bloggs.com&x", "no [redacted]&x"},
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			body, err := json.Marshal(map[string]any{"error": map[string]string{"code": "CONT-001", "message": c.message}})
			if err != nil {
				t.Fatal(err)
			}
			server.Respond(apitest.Reply{Status: 400, Body: string(body)})
			contact := gen.Contact{LastName: &c.value}
			_, err = server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
			got := strings.NewReplacer("sakari: createAttribute: 400 Bad Request: CONT-001: ", "", " (not applied)", "").
				Replace(err.Error())
			// Characters that are not visible become spaces in one line.
			if want := strings.ReplaceAll(c.want, "\u2067", " "); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// What the caller adds, names and values, does not hide ordinary words.
func TestErrors_KeepOrdinaryWordsOfTheRequest(t *testing.T) {
	server := apitest.NewServer(t)
	contact := gen.Contact{Attributes: properties{"status": "invalid", "contact": []any{"Number", 5}}.raw()}
	const message = "Invalid mobile number: contact has status invalid, try again in 50 s"
	server.Respond(apitest.Reply{Status: 400, Body: `{"error":{"message":"` + message + `"}}`})
	_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
	if want := "sakari: createAttribute: 400 Bad Request: " + message + " (not applied)"; err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// A client secret is removed whole, even if it consists of ordinary words.
func TestErrors_RedactTheClientSecret(t *testing.T) {
	for secret, echoes := range map[string][]string{
		`Xy7~!$%^&*()`: {`Xy7~!$%^&*()`, `Xy7~%21%24%25%5E%26%2A%28%29`, `Xy7~!$%^\u0026*()`, `Xy7~!$%^&amp;*()`, `Xy7~!$%^&`},
		`invalid`:      {`invalid`, `INVALID`, `%69nvalid`},
		`ключ🦄"\`:      {`ключ🦄"\`, `КЛЮЧ🦄"\`, `ключ🦄\"\\`, `%D0%BA%D0%BB%D1%8E%D1%87%F0%9F%A6%84%22%5C`},
	} {
		for _, echo := range echoes {
			server := apitest.NewServer(t)
			body, err := json.Marshal(map[string]string{"error": "x", "error_description": "form secret=" + echo + ", is bad"})
			if err != nil {
				t.Fatal(err)
			}
			server.RespondToken(apitest.Reply{Status: 400, Body: string(body)})
			_, err = create(t, server.Client(api.WithClientCredentials("id", secret)))
			const want = "form secret=[redacted], is bad"
			if got := as[*api.AuthError](t, err).Message; got != want {
				t.Errorf("%s as %s: got %s, want %s", secret, echo, got, want)
			}
		}
	}
}

// A long message is cut off. If that cuts an email address, no part of it is shown.
func TestErrors_RedactCutOffAddresses(t *testing.T) {
	server := apitest.NewServer(t)
	const maxMessage = 4 << 10 // bytes
	for _, shown := range []int{3, 9, 12, 20} {
		before := maxMessage - shown
		message := strings.Repeat("x ", before/2) + strings.Repeat(" ", before%2) + "joe.bloggs@example.com"
		body := fmt.Sprintf(`{"success":false,"error":{"message":%q}}`, message)
		server.Respond(apitest.Reply{Status: 400, Body: body})
		_, err := create(t, server.Client())
		text, err := json.Marshal(as[*api.Error](t, err))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "joe") {
			t.Errorf("%d bytes of an address before the cut: ...%s", shown, text[len(text)-100:])
		}
	}
}

// The time to redact does not grow with the product of the words of a message and of a contact.
func TestErrors_RedactQuickly(t *testing.T) {
	attributes := properties{}
	for i := range 5_000 {
		attributes[fmt.Sprintf("name%d", i)] = fmt.Sprintf("value%d", 1_000_000+i)
	}
	contact := gen.Contact{Attributes: attributes.raw()}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "q%d %d ", i, 10+i)
	}
	for name, message := range map[string]string{
		"short words":        strings.Repeat("q7 ", 1400),
		"different words":    many.String(),
		"one word":           strings.Repeat("x", 4000),
		"words of 256 bytes": strings.Repeat(strings.Repeat("y", 256)+" ", 20),
	} {
		t.Run(name, func(t *testing.T) {
			server := apitest.NewServer(t)
			body := `{"error":{"message":"` + message + ` value1000017"}}`
			server.Respond(apitest.Reply{Status: 404}, apitest.Reply{Status: 400, Body: body})
			client := server.Client()
			timed := func() time.Duration {
				start := time.Now()
				_, err := client.CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
				checkText(t, err, "value1000017")
				return time.Since(start)
			}
			if plain, redacted := timed(), timed(); redacted > 5*plain+time.Second {
				t.Errorf("%v with the message, %v without it", redacted, plain)
			}
		})
	}
}

func TestErrors_ShowTheHostOfARedirect(t *testing.T) {
	server := apitest.NewServer(t)
	server.Respond(apitest.Reply{
		Status: 302,
		Header: header("Location", "https://other.sakari.io:45678/chris@sakari.io"),
		Body:   `{"error":{"code":"chris@sakari.io"}}`,
	})
	_, contact := pageContact(t)
	_, err := server.Client().CreateAttribute(t.Context(), gen.AttributeTypeContacts, contact)
	if !strings.Contains(err.Error(), "redirect to other.sakari.io:45678 not followed") {
		t.Errorf("got %v", err)
	}
	checkText(t, err, "chris@sakari.io")
}
