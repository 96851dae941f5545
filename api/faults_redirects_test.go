package api_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/sakari-go/sakari-go/api/internal/faultserver"
)

// redirectFaults send the caller to the address of a trap, and to the server itself.
func redirectFaults(trap string) []fault {
	var faults []fault
	host, port, _ := strings.Cut(trap, ":")
	for _, row := range []struct{ name, location string }{
		{name: "another port", location: "http://" + trap + "/v1/accounts/acc/attributes/contacts"},
		{name: "another port, TLS", location: "https://" + trap + "/x"},
		{name: "another host", location: "http://localhost:" + port + "/x"},
		{name: "a URL without a scheme", location: "//" + trap + "/x"},
		{name: "a URL with a user", location: "http://user:{echo}@" + trap + "/x"},
		{name: "a URL with secrets", location: "http://" + trap + "/?{echo}"},
		{name: "a secret host", location: "http://" + faultserver.ClientSecret + ".invalid/x"},
		{name: "an upper-case scheme", location: "HTTP://" + trap + "/x"},
		{name: "a URL with a tab", location: "http://\t" + host + "/"},
		{name: "nothing", location: ""},
		{name: "the other scheme", location: "{other scheme}://{host}/v1/accounts/acc/attributes/contacts"},
		{name: "its own path", location: "/v1/accounts/acc/attributes/contacts"},
		{name: "a relative path", location: "deals"},
		{name: "a malformed URL", location: "http://[::1"},
		{name: "a script", location: "javascript:alert(1)"},
		{name: "a long URL", location: "http://" + trap + "/" + strings.Repeat("x", 10_000)},
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			redirect := faultserver.Refuse(status, "Location", row.location)
			redirected := fault{name: fmt.Sprintf("%d to %s", status, row.name), api: redirect, want: wantRefusal}
			if status == 302 || status == 303 { // a server may send these when it has processed a POST
				redirected.api, redirected.want = faultserver.Process(redirect), wantUnknown
			}
			faults = append(faults, redirected)
		}
	}
	for _, status := range []int{300, 304, 305, 306, 310, 399} {
		body := faultserver.RefusalBody
		if status == http.StatusNotModified {
			body = "" // net/http sends none
		}
		faults = append(faults, fault{
			name: fmt.Sprint(status),
			api:  faultserver.Process(faultserver.Reply(status, body, "Location", "http://"+trap+"/x")),
			want: wantUnknown,
		})
	}
	return faults
}
