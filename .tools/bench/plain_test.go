package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// plainContact is a hand-written contact that drops unknown properties.
type plainContact struct {
	Email          *string           `json:"email,omitempty"`
	FirstName      *string           `json:"firstName,omitempty"`
	LastName       *string           `json:"lastName,omitempty"`
	Mobile         *plainMobile      `json:"mobile,omitempty"`
	Lists          []plainList       `json:"lists,omitempty"`
	Attributes     map[string]any    `json:"attributes,omitzero"`
	OptIn          *time.Time        `json:"optIn,omitempty"`
	Blocked        *time.Time        `json:"blocked,omitempty"`
	Activecampaign *plainIntegration `json:"activecampaign,omitempty"`
	Hubspot        *plainIntegration `json:"hubspot,omitempty"`
	Pipedrive      *plainIntegration `json:"pipedrive,omitempty"`
	Error          *plainError       `json:"error,omitempty"`
}

type plainMobile struct {
	Country  *string    `json:"country,omitempty"`
	Number   *string    `json:"number,omitempty"`
	Verified *time.Time `json:"verified,omitempty"`
	Valid    *bool      `json:"valid,omitempty"`
	LineType *string    `json:"lineType,omitempty"`
}

type plainList struct {
	Name   *string `json:"name,omitempty"`
	Source *struct {
		ID          *string `json:"id,omitempty"`
		Integration *string `json:"integration,omitempty"`
		LastSynced  *string `json:"lastSynced,omitempty"`
	} `json:"source,omitempty"`
	Keyword     *string `json:"keyword,omitempty"`
	DoubleOptIn *struct {
		Enabled *bool   `json:"enabled,omitempty"`
		Prompt  *string `json:"prompt,omitempty"`
	} `json:"doubleOptIn,omitempty"`
	Filter            *plainFilter `json:"filter,omitempty"`
	OptInConfirmation *string      `json:"optInConfirmation,omitempty"`
	OptIn             *time.Time   `json:"optIn,omitempty"`
	OptOut            *time.Time   `json:"optOut,omitempty"`
}

type plainFilter struct {
	Q          *string `json:"q,omitempty"`
	Attributes []struct {
		Attribute  *string  `json:"attribute,omitempty"`
		Comparator *string  `json:"comparator,omitempty"`
		Value      []string `json:"value,omitempty"`
	} `json:"attributes,omitempty"`
	List      *string `json:"list,omitempty"`
	Valid     *bool   `json:"valid,omitempty"`
	Invalid   *bool   `json:"invalid,omitempty"`
	Blocked   *bool   `json:"blocked,omitempty"`
	Unblocked *bool   `json:"unblocked,omitempty"`
	OptIn     *bool   `json:"optIn,omitempty"`
}

type plainIntegration struct {
	ID *int64 `json:"id,omitempty"`
}

type plainError struct {
	Code        *string `json:"code,omitempty"`
	Description *string `json:"description,omitempty"`
}

type plainResponse struct {
	Success bool                            `json:"success"`
	Data    struct{ Amount, Below float64 } `json:"data"`
}

type plainPage struct {
	Success    bool `json:"success"`
	Pagination struct {
		HasNext bool `json:"hasNext"`
	} `json:"pagination"`
	Data []plainAttribute `json:"data"`
}

// plainAttribute has values instead of pointers, which saves allocations.
type plainAttribute struct {
	ID       string      `json:"id"`
	Name     string      `json:"name"`
	Label    string      `json:"label"`
	Type     string      `json:"type"`
	DataType string      `json:"dataType"`
	Created  plainChange `json:"created"`
	Updated  plainChange `json:"updated"`
}

type plainChange struct {
	At time.Time `json:"at"`
	By struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		FirstName string `json:"firstName"`
		LastName  string `json:"lastName"`
		Email     string `json:"email"`
		Source    string `json:"source"`
		SubSource string `json:"subSource"`
	} `json:"by"`
}

// openPlain is the lower bound: a call with the standard library alone.
func openPlain(base string, client *http.Client) calls {
	contact := pageContact[plainContact]()
	return calls{
		create: func(ctx context.Context) error {
			body, err := json.Marshal(contact)
			if err != nil {
				return err
			}
			var response plainResponse
			err = plainCall(ctx, client, http.MethodPost, base+createPath, body, &response)
			return expect(response.Success, err)
		},
		list: func(ctx context.Context) error {
			var page plainPage
			err := plainCall(ctx, client, http.MethodGet, base+listPath, nil, &page)
			return expect(page.Success && len(page.Data) >= minListed, err)
		},
	}
}

func plainCall(
	ctx context.Context, client *http.Client, method, url string, body []byte, into any,
) error {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return json.Unmarshal(text, into)
}
