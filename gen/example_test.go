package gen_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sakari-go/sakari-go/gen"
)

// Set adds a property that the spec does not declare, of any type that JSON can express.
func ExampleContact_Set() {
	contact := gen.Contact{Email: new("chris@sakari.io")}
	if err := contact.Set("x-nickname", "Kit"); err != nil {
		fmt.Println(err)
		return
	}
	text, err := json.Marshal(contact)
	fmt.Println(string(text), err)
	// Output: {"email":"chris@sakari.io","x-nickname":"Kit"} <nil>
}

// Get decodes a property that the spec does not declare.
func ExampleAutotopup_Get() {
	const text = `{"amount":50,"below":10,"x-lastTopup":"2023-11-07T05:31:56Z"}`
	var setting gen.Autotopup
	if err := json.Unmarshal([]byte(text), &setting); err != nil {
		fmt.Println(err)
		return
	}
	var at time.Time
	found, err := setting.Get("x-lastTopup", &at)
	fmt.Println(found, err, at.Year())
	// Output: true <nil> 2023
}

// SetProperty and GetProperty are for free-form objects, such as the attributes of a contact.
func ExampleSetProperty() {
	var contact gen.Contact
	if err := gen.SetProperty(&contact.Attributes, "plan", "gold"); err != nil {
		fmt.Println(err)
		return
	}
	var plan string
	found, err := gen.GetProperty(contact.Attributes, "plan", &plan)
	fmt.Println(found, err, plan)
	// Output: true <nil> gold
}

// A null is invalid, because the spec has no nullable property. The error reports its location.
func ExampleSchemaError() {
	var contact gen.Contact
	err := json.Unmarshal([]byte(`{"lists":[{"name":"customers"},null]}`), &contact)
	var invalid *gen.SchemaError
	fmt.Println(errors.As(err, &invalid))
	fmt.Println(invalid)
	// Output:
	// true
	// /lists/1: must not be null
}
