// Package api is a strict client of a part of the Sakari API (business SMS): the
// attributes of an account. It is not the vendor's.
//
// Strict means: when a call returns no error, the server said yes and its answer keeps the
// contract (openapi.yaml). When it returns an error, the error says what went
// wrong, holds the server's answer if there was one, and tells whether the call was applied.
//
// # A call
//
//	client, err := api.New(accountID, api.WithClientCredentials(clientID, clientSecret))
//	...
//	setting, err := client.CreateAttribute(ctx, gen.AttributeTypeContacts, gen.Contact{Email: new("chris@sakari.io")})
//
// Make one client and share it: it keeps connections and the access token. The
// request is checked before anything is sent. [Client.Generated] gives the generated client on the same pipeline.
//
// # Errors
//
// Use [errors.As] with one of
//
//   - [*Error]: the API answered, and not with a yes. StatusCode, Code, Message, Body.
//   - [*ValidationError]: the request or the answer breaks the contract. Violations tells where.
//   - [*AuthError]: no usable access token was to be had.
//
// or [errors.Is] with [ErrInvalidRequest], [ErrInvalidResponse], [ErrUnauthorized], [ErrForbidden], [ErrNotFound],
// [ErrRateLimited], and with the errors of packages context and net. No text of an error holds a
// token or personal data of the contact; fields named Code, Message, Header and Body may.
//
// # Fields
//
// Optional fields are pointers, lists and maps are not. What is nil is not sent; an empty text, list or map is. What the spec
// does not declare is kept as raw JSON, with every digit, in requests and in responses:
//
//	err := contact.Set("nickname", "Kit")
//	found, err := setting.Get("lastTopup", &at)
//	err = gen.SetProperty(&contact.Attributes, "plan", "gold")
//
// The generated types read and write JSON alike with encoding/json and with its second version, on every version of Go. They
// refuse what would change on the way: a null, a repeated name, text that is not UTF-8, a number beyond its type.
//
// # Outcome
//
// After an error, [OutcomeOf] tells whether the call may be repeated:
//
//   - [NotApplied]: it was not sent, or was refused. Repeat it if that makes sense.
//   - [Unknown]: it may have been processed, as after a time-out or a status 503. Look first.
//   - [Applied]: it was processed, and the answer breaks the contract. Do not repeat it.
//
// The client itself repeats a POST only if it is surely not applied: nothing
// could be sent, or the answer was 429 (see [WithMaxAttempts]). It replaces a refused token once.
//
// A GET and a PUT are repeated after an Unknown as well.
//
// # Lists
//
// [Client.ListAttributes] and [Client.ListAttributesByType] ask for the next page when it is needed, and end whatever the server says:
//
//	for attribute, err := range client.ListAttributes(ctx, gen.ListAttributesParams{}) {
//
// # Rolling it out
//
// With [WithValidation]([ValidationReport]) and [WithViolationHandler] production traffic tells where the vendor's answers
// differ from the contract, without a call that fails for it; only a body that does not fit into the generated types still does. Log
// the violations (they hold no personal data), mend the contract or report to the vendor, and go strict when the log stays empty.
//
// # In production
//
// [WithLogger] writes one line for each round trip: operation, status, duration, attempt, outcome, and why it failed. [WithRateLimit]
// keeps below a rate. [WithTimeout] bounds a whole call, with its token, waits and attempts.
//
// # Testing
//
// Package apitest is a server for the tests of programs that use the client.
package api
