package gen_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sakari-go/sakari-go/gen"
)

// The types that accept unknown properties are written as encoding/json writes structs of the same fields that have no methods.
func TestOpenTypesAreWrittenAsPlainOnesAre(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		for _, value := range []any{&gen.Contact{}, &gen.ContactList{}, &gen.ListFilter{}, &gen.TokenRequest{}} {
			fill(random, reflect.ValueOf(value).Elem())
			got, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			want, err := json.Marshal(plainOf(reflect.ValueOf(value).Elem()).Interface())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decoded(t, want), decoded(t, got)); diff != "" {
				t.Fatalf("encoding/json (-), the template (+)\n%s", diff)
			}
			direct, err := value.(json.Marshaler).MarshalJSON()
			if err != nil || bytes.ContainsAny(direct, "<>&") { // encoding/json spares these to who puts JSON into HTML
				t.Fatalf("%s, %v", direct, err)
			}
			if diff := cmp.Diff(decoded(t, got), decoded(t, direct)); diff != "" {
				t.Fatalf("json.Marshal (-), MarshalJSON (+)\n%s", diff)
			}
		}
	}
}

// fill sets fields at random, to what is not easy to write too.
func fill(random *rand.Rand, v reflect.Value) {
	texts := []string{"", "Zo\u00eb", "<a href=\"x\">&amp;</a>", "\\ \" / \b\f\n\r\t\x00\x1f\x7f", "\u2028\u2029\ufffd\U0001f600", `\ufffd`}
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(random.Int64N(1<<33), random.Int64N(1e9)).In(time.FixedZone("", 60*random.IntN(720)))))
	case v.Kind() == reflect.Pointer:
		if random.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(random, v.Elem())
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "AdditionalProperties" {
				fill(random, v.Field(i))
			}
		}
	case v.Kind() == reflect.Slice:
		if random.IntN(3) > 0 {
			v.Set(reflect.MakeSlice(v.Type(), random.IntN(3), 3))
		}
		for i := range v.Len() {
			fill(random, v.Index(i))
		}
	case v.Kind() == reflect.Map:
		if random.IntN(3) > 0 {
			v.Set(reflect.ValueOf(map[string]any{"text": texts[random.IntN(len(texts))], "list": []any{1.5, nil, map[string]any{}}}))
		}
	case v.Kind() == reflect.String:
		v.SetString(texts[random.IntN(len(texts))])
	case v.Kind() == reflect.Bool:
		v.SetBool(random.IntN(2) == 0)
	case v.Kind() == reflect.Int64:
		v.SetInt([]int64{0, -1, math.MaxInt64, math.MinInt64}[random.IntN(4)])
	}
}

// plainOf copies a value into types of the same fields and tags that have no methods.
func plainOf(v reflect.Value) reflect.Value {
	plain := reflect.New(plainType(v.Type())).Elem()
	switch {
	case v.Type() == plain.Type():
		plain.Set(v)
	case v.Kind() == reflect.Pointer:
		if !v.IsNil() {
			plain.Set(reflect.New(plain.Type().Elem()))
			plain.Elem().Set(plainOf(v.Elem()))
		}
	case v.Kind() == reflect.Slice:
		if !v.IsNil() {
			plain.Set(reflect.MakeSlice(plain.Type(), v.Len(), v.Len()))
		}
		for i := range v.Len() {
			plain.Index(i).Set(plainOf(v.Index(i)))
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			plain.Field(i).Set(plainOf(v.Field(i)))
		}
	}
	return plain
}

func plainType(t reflect.Type) reflect.Type {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return t
	case t.Kind() == reflect.Pointer:
		return reflect.PointerTo(plainType(t.Elem()))
	case t.Kind() == reflect.Slice:
		return reflect.SliceOf(plainType(t.Elem()))
	case t.Kind() == reflect.Struct:
		fields := reflect.VisibleFields(t)
		for i := range fields {
			fields[i].Type = plainType(fields[i].Type)
		}
		return reflect.StructOf(fields)
	}
	return t
}

func decoded(t *testing.T, text []byte) (value any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}
