package apitest

import (
	"fmt"
	"testing"
	"time"

	"github.com/sakari-go/sakari-go/gen"
)

// With a scan of all contacts for each call this takes hours.
func TestStore_ScalesToManyContacts(t *testing.T) {
	const count = 200_000
	var s store
	account := s.account("a")
	begin := time.Now()
	for i := range count {
		body := fmt.Appendf(nil, `{"mobile":{"number":"+1555%07d"}}`, i)
		id := *s.createContact(account, body, true).ID
		if want := fmt.Sprintf("contact-%d", i+1); id != want {
			t.Fatalf("created %s, want %s", id, want)
		}
		if i%10 == 9 { // another body with the number of a contact that exists
			if merged := s.createContact(account, body, true); *merged.ID != id {
				t.Fatalf("merged into %s, want %s", *merged.ID, id)
			}
		}
		account.replace(account.contacts.get(id), gen.StoredContact{}, s.change())
	}
	for i := range count {
		account.contacts.remove(fmt.Sprintf("contact-%d", i+1))
	}
	if rows, numbers := len(account.contacts.rows), len(account.byNumber); rows+numbers > 0 {
		t.Errorf("%d rows and %d numbers are left of deleted contacts", rows, numbers)
	}
	if elapsed := time.Since(begin); elapsed > time.Minute {
		t.Errorf("it took %v", elapsed)
	}
}
