// Package api is a strict client for a part of the Sakari API (business SMS): the attributes of an
// account. It is not the vendor's client.
//
// Strict means: if a call returns no error, the server reported a success and its response conforms
// to the spec (openapi.yaml). If it returns an error, the error says what went wrong, keeps the
// response of the server, and says whether the call was applied.
//
// # A call
//
//	client, err := api.New(accountID, api.WithClientCredentials(clientID, clientSecret))
//	...
//	contact := gen.Contact{Email: new("chris@sakari.io")}
//	setting, err := client.CreateAttribute(ctx, gen.AttributeTypeContacts, contact)
//
// Share one client: it keeps connections and the access token. A request is validated before it is
// sent. [Client.Generated] returns the generated client on the same pipeline.
//
// # Errors
//
// Use [errors.As] with one of these types:
//
//   - [*Error]: the API reported a failure. See StatusCode, Code, Message and Body.
//   - [*ValidationError]: the request or the response does not conform to the spec. See Violations.
//   - [*AuthError]: there is no access token.
//   - [*NetworkError]: the network failed, or the call timed out or was cancelled.
//
// Or use [errors.Is] with [ErrInvalidRequest], [ErrInvalidResponse], [ErrUnauthorized],
// [ErrForbidden], [ErrNotFound], [ErrRateLimited] or an error of package context. The text of an
// error contains no token and no personal data of the contact. The fields Code, Message, Header and
// Body may contain them.
//
// # Outcomes
//
// [OutcomeOf] returns what is known of a call that failed:
//
//   - [NotApplied]: it was not sent, or it was refused. It may be sent again.
//   - [Unknown]: it may have been applied, as after a time-out or status 503. Look whether it
//     arrived before you send it again, for example in [Client.ListAttributesByType].
//   - [Applied]: it was applied, but the response does not conform to the spec.
//
// The client retries a POST only if it certainly was not applied, and a GET or PUT also after an
// unknown outcome. See [WithMaxAttempts]. It replaces a refused token once.
//
// # Fields
//
// Optional fields are pointers; lists and maps are not. A nil field is not sent, but an empty text,
// list or map is. What the spec does not declare is kept as raw JSON in requests and responses:
//
//	err := contact.Set("nickname", "Kit")
//	found, err := setting.Get("lastTopup", &at)
//	err = gen.SetProperty(&contact.Attributes, "plan", "gold")
//
// The generated types refuse what would change on the way: a null, a repeated name, text that is
// not UTF-8, a number that does not fit its type.
//
// # Lists
//
// [Client.ListAttributes] and [Client.ListAttributesByType] request pages as they are needed:
//
//	for attribute, err := range client.ListAttributes(ctx, gen.ListAttributesParams{}) {
//
// # Rollout
//
// Start with [WithValidation]([ValidationReport]) and [WithViolationHandler] to see where the
// responses of the vendor differ from the spec. Such a call does not fail, unless its response can
// not be read as its Go type. Violations contain no personal data. When there are no more, use the
// default.
//
// # Production
//
// [WithLogger] logs each round trip, [WithRateLimit] limits the rate and [WithTimeout] the time of
// a call.
//
// # Tests
//
// Package apitest is a fake server for tests of programs that use this package.
package api
