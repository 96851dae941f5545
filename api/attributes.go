package api

import (
	"cmp"
	"context"
	"iter"
	"net/http"

	"github.com/sakari-go/sakari-go/api/internal/spec"
	"github.com/sakari-go/sakari-go/gen"
)

// CreateAttribute sends a contact with a POST to the attributes of a type. It returns the auto
// top-up setting that the vendor documents as the response. The vendor's page contradicts itself
// (see openapi.yaml), so the live API may respond something else. The error is then a
// [ValidationError] with the whole response. See [WithValidation] for how to start.
//
// Very probably the operation defines an attribute, with name, label and dataType. These can be
// sent and read as properties that the spec does not declare: see the example "Definition".
//
// A POST is retried only if it certainly was not applied. Call [OutcomeOf] with the error to learn
// whether it may be sent again.
//
// See https://developer.sakari.io/api-reference/accounts/setup-autotopup-for-your-account.
func (c *Client) CreateAttribute(
	ctx context.Context, t gen.AttributeType, contact gen.Contact, opts ...CallOption,
) (*gen.Autotopup, error) {
	r, _, err := do[gen.AutotopupResponse](ctx, c.pipeline, "createAttribute", opts,
		pathValues{c.accountID, string(t)}, &contact, func(server string) (*http.Request, error) {
			return gen.NewCreateAttributeRequestWithBody(server, c.accountID, t, spec.MediaTypeJSON, nil)
		})
	if err != nil {
		return nil, err
	}
	return &r.Data, nil
}

// UpdateAttribute sends a contact with a PUT to an attribute. The vendor documents the same body
// and response as for [Client.CreateAttribute].
//
// A field that is nil is not sent. A pointer to "" clears a text. For other fields the vendor
// documents no way to clear them, and the spec allows no null. Send a null as a raw body of
// [Client.Generated], with [ValidationReport] (see the example there).
//
// It is a PUT: it is also retried if it may have been applied.
//
// See https://developer.sakari.io/api-reference/accounts/setup-autotopup-for-your-account-1.
func (c *Client) UpdateAttribute(
	ctx context.Context, t gen.AttributeType, attributeID string, contact gen.Contact, opts ...CallOption,
) (*gen.Autotopup, error) {
	r, _, err := do[gen.AutotopupResponse](ctx, c.pipeline, "updateAttribute", opts,
		pathValues{c.accountID, string(t), attributeID}, &contact, func(server string) (*http.Request, error) {
			return gen.NewUpdateAttributeRequestWithBody(
				server, c.accountID, t, attributeID, spec.MediaTypeJSON, nil)
		})
	if err != nil {
		return nil, err
	}
	return &r.Data, nil
}

// GetAttribute returns an attribute. The vendor documents a list as the response. If the attribute
// is not in it the error is a [ValidationError]. [ValidationReport] reports a single attribute with
// another id, and returns it. An unknown id is an [Error] that matches [ErrNotFound] if the API
// responds 404, which the vendor does not document.
//
// See https://developer.sakari.io/api-reference/accounts/fetch-account-attributes-1.
func (c *Client) GetAttribute(
	ctx context.Context, t gen.AttributeType, attributeID string, opts ...CallOption,
) (*gen.Attribute, error) {
	list, x, err := do[gen.AttributeListResponse](ctx, c.pipeline, "getAttribute", opts,
		pathValues{c.accountID, string(t), attributeID}, nil, func(server string) (*http.Request, error) {
			return gen.NewGetAttributeRequest(server, c.accountID, t, attributeID)
		})
	if err != nil {
		return nil, err
	}
	if found := findAttribute(list.Data, t, attributeID); found != nil {
		return found, nil
	}
	err = c.pipeline.validator.refuse(ctx, x, len(list.Data) == 1, Violation{
		Location: "body/data", Rule: "attributeId", Message: "does not contain the attribute with the requested id",
	})
	if err != nil {
		return nil, err
	}
	return &list.Data[0], nil
}

// ListAttributes returns the attributes of the account, of all types. It requests the next page
// when it is needed:
//
//	for attribute, err := range client.ListAttributes(ctx, gen.ListAttributesParams{}) {
//
// Params.Offset is where the list starts. Params.Limit is the size of a page, 1 to 100. If one is
// nil the server's default counts. Each page is a call with a time-out and retries of its own.
// [CaptureResponse] stores the last page. An error ends the list.
//
// No attribute is returned on two pages, also if attributes are added meanwhile.
// One may be left out if attributes before it are deleted meanwhile, as the API counts from the
// start. The list ends when the server says that there is no next page. If the server says that
// there is one after an empty page, or after 10,000 pages, the last error is a [ValidationError].
//
// See https://developer.sakari.io/api-reference/accounts/fetch-account-attributes.
func (c *Client) ListAttributes(
	ctx context.Context, params gen.ListAttributesParams, opts ...CallOption,
) iter.Seq2[gen.Attribute, error] {
	limit := copyOf(params.Limit)
	return paginate(ctx, c.pipeline, "listAttributes", copyOf(params.Offset), opts, pathValues{c.accountID},
		func(server string, offset *int) (*http.Request, error) {
			return gen.NewListAttributesRequest(server, c.accountID,
				&gen.ListAttributesParams{Offset: offset, Limit: limit})
		}, attributesOf, identity)
}

// ListAttributesByType returns the attributes of one type, as [Client.ListAttributes] does for all.
//
// See https://developer.sakari.io/api-reference/accounts/fetch-account-attributes-by-type.
func (c *Client) ListAttributesByType(
	ctx context.Context, t gen.AttributeType, params gen.ListAttributesByTypeParams, opts ...CallOption,
) iter.Seq2[gen.Attribute, error] {
	limit := copyOf(params.Limit)
	return paginate(ctx, c.pipeline, "listAttributesByType", copyOf(params.Offset), opts,
		pathValues{c.accountID, string(t)}, func(server string, offset *int) (*http.Request, error) {
			return gen.NewListAttributesByTypeRequest(server, c.accountID, t,
				&gen.ListAttributesByTypeParams{Offset: offset, Limit: limit})
		}, attributesOf, identity)
}

func attributesOf(r *gen.AttributeListResponse) ([]gen.Attribute, *gen.Pagination) {
	return r.Data, &r.Pagination
}

// identity returns what is the same for one attribute on two pages. An id may be unique in its type
// only.
func identity(a gen.Attribute) string {
	if a.ID != nil {
		return deref(a.Type) + "\x00" + *a.ID
	}
	text, _ := a.MarshalJSON() // it came as JSON
	return string(text)
}

// findAttribute finds an id, which may be unique within its type only. In a list of one it may be
// missing.
func findAttribute(list []gen.Attribute, t gen.AttributeType, id string) *gen.Attribute {
	var found *gen.Attribute
	for i, a := range list {
		if a.ID != nil && *a.ID == id || a.ID == nil && len(list) == 1 {
			if a.Type != nil && *a.Type == string(t) {
				return &list[i]
			}
			found = cmp.Or(found, &list[i])
		}
	}
	return found
}

// copyOf copies what the caller may change while a list is read.
func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}
