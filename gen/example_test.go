package gen_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sakari-go/sakari-go/gen"
)

// Properties that the spec does not declare, of any type that JSON can express.
func ExampleContact_Set() {
	contact := gen.Contact{Email: new("chris@sakari.io")}
	if err := contact.Set("nickname", "Kit"); err != nil {
		fmt.Println(err)
		return
	}
	text, err := json.Marshal(contact)
	fmt.Println(string(text), err)
	// Output: {"email":"chris@sakari.io","nickname":"Kit"} <nil>
}

// A property that the spec does not declare, read as the type that it has.
func ExampleAutotopup_Get() {
	var setting gen.Autotopup
	if err := json.Unmarshal([]byte(`{"amount":50,"below":10,"lastTopup":"2023-11-07T05:31:56Z"}`), &setting); err != nil {
		fmt.Println(err)
		return
	}
	var at time.Time
	found, err := setting.Get("lastTopup", &at)
	fmt.Println(found, err, at.Year())
	// Output: true <nil> 2023
}

// Free-form properties, such as the attributes of a contact.
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

// A null is no value of a contact's field. It is refused, with its place, and not dropped.
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
