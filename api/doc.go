// Package api is a strict client for a part of the Sakari API (business SMS): the contacts and the
// custom attributes of an account. It is not the vendor's client.
//
// Strict means: if a call returns no error, the server reported a success and its response conforms
// to the spec (openapi.yaml). An error says what went wrong, and whether the call was applied, was
// not applied, or may have been.
//
// # A call
//
//	client, err := api.New(accountID, api.WithClientCredentials(clientID, clientSecret))
//	...
//	contact := gen.Contact{Email: new("chris@sakari.io")}
//	setting, err := client.CreateAttribute(ctx, gen.AttributeTypeContacts, contact)
//
// Share one client: it keeps connections and the access token. [Client.ListContacts] and
// [Client.ListAttributes] return an iterator that requests pages as they are needed.
// [Client.Generated] returns the generated client, whose calls are validated and retried in the
// same way.
//
// # Fields
//
// Optional fields are pointers; lists and maps are not. A nil field is not sent, but an empty text,
// list or map is. What the spec does not declare is kept as raw JSON in requests and responses:
//
//	err := contact.Set("label", "Plan")
//	found, err := setting.Get("lastTopup", &at)
//	err = gen.SetProperty(&contact.Attributes, "plan", "gold")
//
// The generated types refuse JSON that they could not write again unchanged: a null, a repeated
// name, text that is not UTF-8, a number that does not fit its type.
//
// # Errors
//
// Use [errors.As] with one of these types:
//
//   - [*Error]: the API reported a failure. See StatusCode, Code, Message and Body.
//   - [*ValidationError]: the request or the response does not conform to the spec. See Violations.
//   - [*AuthError]: there is no access token. A failure of the token call does not match [*Error].
//   - [*NetworkError]: the network failed, or the call timed out or was cancelled.
//
// A wrong argument, such as a nil context or an invalid base URL, is an error of none of them.
// Or use [errors.Is] with [ErrInvalidRequest], [ErrInvalidResponse], [ErrUnauthorized],
// [ErrForbidden], [ErrNotFound], [ErrRateLimited] or an error of package context.
//
// The text of an error contains no token and no personal data of the contact. The fields Code,
// Message, Header and Body of [Error] and [ValidationError] may: they are as the server sent them.
//
// # Outcomes
//
// [OutcomeOf] returns what is known of a call that failed:
//
//   - [NotApplied]: it was not sent, or the API refused it. It may be sent again.
//   - [Unknown]: it may have been applied, as after a time-out, status 503 or a gateway's page.
//     Look whether it arrived before you send it again: with [Client.FindContact], or in
//     [Client.ListAttributesByType].
//   - [Applied]: the response says success: true, but does not conform to the spec.
//
// The client retries a POST only if it certainly was not applied. It retries a GET, PUT or DELETE
// also after an unknown outcome. See [WithMaxAttempts].
//
// # Many calls
//
// A client may be used by many goroutines. [WithRateLimit] limits the rate of all of them. A 429
// with Retry-After holds all of them. See the example of an import. The command sakari imports
// files, and goes on after a crash.
//
// # Testing
//
// Package apitest is a fake server for tests of programs that use this package. A test scripts its
// responses, such as a failure or a connection that is reset, or chooses them by the request.
// [WithRetryBackoff](0, 0) spares the waits, but for a Retry-After.
//
// # Rollout and production
//
// Start with [WithValidation]([ValidationReport]) and [WithViolationHandler] to see where responses
// differ from the spec. Such a call does not fail, unless its response cannot be read as its Go
// type. What is missing is zero: see [Response].Violations. [WithLogger] logs each round trip,
// [WithRateLimit] limits the rate and [WithTimeout] the time of a call. A RoundTripper of yours
// gets names for spans and metrics from [OperationFromContext].
package api
