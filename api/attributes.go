package api

import (
	"cmp"
	"context"
	"iter"
	"net/http"

	"github.com/sakari-go/sakari-go/gen"
)

// CreateAttribute sends a contact to the attributes of a type, and returns the auto top-up
// setting that the vendor documents as the answer. The vendor's page contradicts itself, see the
// contract; if the server answers otherwise the error is a [ValidationError] with the whole answer.
//
// It is a POST: it is repeated only when the server surely did not process it. On
// an error [OutcomeOf] tells whether the caller may repeat it.
//
// See https://developer.sakari.io/api-reference/accounts/setup-autotopup-for-your-account.
func (c *Client) CreateAttribute(ctx context.Context, t gen.AttributeType, contact gen.Contact, opts ...CallOption) (*gen.Autotopup, error) {
	reply, _, err := do[gen.AutotopupResponse](ctx, c.pipeline, "createAttribute", opts, path{c.accountID, string(t)}, &contact, func(server string) (*http.Request, error) {
		return gen.NewCreateAttributeRequestWithBody(server, c.accountID, t, mediaTypeJSON, nil)
	})
	if err != nil {
		return nil, err
	}
	return &reply.Data, nil
}

// UpdateAttribute sends a contact to an attribute. Body and answer are those of CreateAttribute, by the vendor's page.
//
// A field that is nil is not sent. A pointer to "" clears a text. For the other fields the vendor documents nothing, and the
// spec allows no null: a null goes as a raw body of [Client.Generated], with [ValidationReport] (see the example there).
//
// It is a PUT: it is repeated, too, when the server may have processed it.
//
// See https://developer.sakari.io/api-reference/accounts/setup-autotopup-for-your-account-1.
func (c *Client) UpdateAttribute(ctx context.Context, t gen.AttributeType, attributeID string, contact gen.Contact, opts ...CallOption) (*gen.Autotopup, error) {
	reply, _, err := do[gen.AutotopupResponse](ctx, c.pipeline, "updateAttribute", opts, path{c.accountID, string(t), attributeID}, &contact, func(server string) (*http.Request, error) {
		return gen.NewUpdateAttributeRequestWithBody(server, c.accountID, t, attributeID, mediaTypeJSON, nil)
	})
	if err != nil {
		return nil, err
	}
	return &reply.Data, nil
}

// GetAttribute returns an attribute. The answer is a list of one, by the vendor's page: if the attribute is not in it
// the error is a [ValidationError]; with [ValidationReport] one with another id is reported, and returned. An id that the API does
// not know is an [Error] that matches [ErrNotFound], provided that the API answers 404, which the vendor does not document.
//
// See https://developer.sakari.io/api-reference/accounts/fetch-account-attributes-1.
func (c *Client) GetAttribute(ctx context.Context, t gen.AttributeType, attributeID string, opts ...CallOption) (*gen.Attribute, error) {
	list, x, err := do[gen.AttributeListResponse](ctx, c.pipeline, "getAttribute", opts, path{c.accountID, string(t), attributeID}, nil, func(server string) (*http.Request, error) {
		return gen.NewGetAttributeRequest(server, c.accountID, t, attributeID)
	})
	if err != nil {
		return nil, err
	}
	if found := findAttribute(list.Data, t, attributeID); found != nil {
		return found, nil
	}
	missing := invalidAnswer(x, x.answer, Violation{"body/data", "attributeId", "does not hold the attribute with the id that was asked for"})
	if len(list.Data) == 1 && c.pipeline.checker.mode == ValidationReport {
		_ = c.pipeline.checker.violated(ctx, x, missing)
		return &list.Data[0], nil
	}
	c.pipeline.tell(ctx, x, missing)
	return nil, missing
}

// ListAttributes returns the attributes of the account, of all types. It asks for the next page when it needs it:
//
//	for attribute, err := range client.ListAttributes(ctx, gen.ListAttributesParams{}) {
//
// Params.Offset is where the list begins, the server's default if nil; params.Limit is the size of a page, 1 to 100, the
// server's default if nil. Each page is a call of its own, with the time-out of one, repeated as a GET may be, and
// [CaptureResponse] keeps the last one. An error ends the list.
//
// What came on one page does not come again on a later one, also if the list moves between them so that the server repeats it. One can be left out
// if others before it are deleted meanwhile: the API counts from the beginning of the list. The list ends when
// the server says that it has no next page. A server that says there is one and brings nothing new, or never comes to an
// end (10,000 pages), contradicts itself: that is a [ValidationError] after the last attribute, as [WithValidation] says.
//
// See https://developer.sakari.io/api-reference/accounts/fetch-account-attributes.
func (c *Client) ListAttributes(ctx context.Context, params gen.ListAttributesParams, opts ...CallOption) iter.Seq2[gen.Attribute, error] {
	limit := copyOf(params.Limit)
	return pages(ctx, c.pipeline, "listAttributes", copyOf(params.Offset), opts, path{c.accountID}, func(server string, offset *int) (*http.Request, error) {
		return gen.NewListAttributesRequest(server, c.accountID, &gen.ListAttributesParams{Offset: offset, Limit: limit})
	})
}

// ListAttributesByType returns the attributes of one type, as [Client.ListAttributes] does those of all.
//
// See https://developer.sakari.io/api-reference/accounts/fetch-account-attributes-by-type.
func (c *Client) ListAttributesByType(ctx context.Context, t gen.AttributeType, params gen.ListAttributesByTypeParams, opts ...CallOption) iter.Seq2[gen.Attribute, error] {
	limit := copyOf(params.Limit)
	return pages(ctx, c.pipeline, "listAttributesByType", copyOf(params.Offset), opts, path{c.accountID, string(t)}, func(server string, offset *int) (*http.Request, error) {
		return gen.NewListAttributesByTypeRequest(server, c.accountID, t, &gen.ListAttributesByTypeParams{Offset: offset, Limit: limit})
	})
}

// findAttribute finds an id, which may be unique in its type only. In a list of one it may be left out.
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

// copyOf is for what the caller may change while a list is read.
func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}
