// Package signup has a function that creates a contact, and its tests with the fake server of
// package apitest. The tests need no account and no network:
//
//	go test ./signup
package signup

import (
	"context"
	"errors"
	"fmt"

	"github.com/sakari-go/sakari-go/api"
	"github.com/sakari-go/sakari-go/gen"
)

// SignUp creates a contact and returns its id. If nobody knows whether it was created, SignUp looks
// for it. A contact from before the call will do: it has the mobile number too. If none is there,
// the outcome stays unknown: it may be in the list later.
func SignUp(ctx context.Context, client *api.Client, mobile string) (id string, err error) {
	contact := gen.Contact{Mobile: &gen.ContactMobile{Number: &mobile}}
	stored, err := client.CreateContact(ctx, contact)
	if api.OutcomeOf(err) == api.Unknown {
		found, findErr := client.FindContact(ctx, api.ContactFilter{Mobile: mobile})
		if findErr != nil {
			return "", fmt.Errorf("sign up: %w; look for it: %v", err, findErr)
		}
		stored, err = found, nil
	}
	if err != nil {
		return "", fmt.Errorf("sign up: %w", err)
	}
	if stored.ID == nil {
		return "", errors.New("sign up: the API returned a contact without an id")
	}
	return *stored.ID, nil
}
