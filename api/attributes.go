package api

import (
	"bytes"
	"context"

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
	return call(ctx, c, "createAttribute", opts,
		func(ctx context.Context) (*gen.CreateAttributeResponse, error) {
			body, err := contact.MarshalJSON() // json.Marshal would go over the text once more
			if err != nil {
				return nil, err
			}
			return c.generated.CreateAttributeWithBodyWithResponse(ctx, c.accountID, t, mediaTypeJSON, bytes.NewReader(body))
		},
		func(r *gen.CreateAttributeResponse) *gen.Autotopup {
			if r.JSON200 == nil {
				return nil
			}
			return &r.JSON200.Data
		})
}
