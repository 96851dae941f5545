package api

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRetryAfter_ReadsEveryForm(t *testing.T) {
	const (
		date    = "Sun, 06 Nov 1994 08:49:37 GMT"
		later   = "Sun, 06 Nov 1994 08:49:47 GMT" // 10 s
		rfc850  = "Sunday, 06-Nov-94 08:49:47 GMT"
		asctime = "Sun Nov  6 08:49:47 1994"
		absent  = -1
	)
	for name, c := range map[string]struct {
		date   string
		values []string
		want   time.Duration
	}{
		"no field":                  {want: absent},
		"empty":                     {values: []string{""}, want: absent},
		"zero":                      {values: []string{"0"}, want: 0},
		"seconds":                   {values: []string{" 7 "}, want: 7 * time.Second},
		"a fraction":                {values: []string{"1.2"}, want: 2 * time.Second},
		"a small fraction":          {values: []string{"0.001"}, want: time.Second},
		"a list":                    {values: []string{"3, 12,5"}, want: 12 * time.Second},
		"several fields":            {values: []string{"3", "12", "5"}, want: 12 * time.Second},
		"a list with text":          {values: []string{"soon, 4"}, want: 4 * time.Second},
		"too long for int64":        {values: []string{"99999999999999999999999"}, want: math.MaxInt64},
		"too long for a float":      {values: []string{strings.Repeat("9", 400)}, want: math.MaxInt64},
		"negative":                  {values: []string{"-5"}, want: absent},
		"an exponent":               {values: []string{"1e3"}, want: absent},
		"hexadecimal":               {values: []string{"0x10"}, want: absent},
		"infinity":                  {values: []string{"Inf"}, want: absent},
		"two points":                {values: []string{"1.2.3"}, want: absent},
		"a point":                   {values: []string{"."}, want: absent},
		"text":                      {values: []string{"soon"}, want: absent},
		"a date":                    {date: date, values: []string{later}, want: 10 * time.Second},
		"a date of RFC 850":         {date: date, values: []string{rfc850}, want: 10 * time.Second},
		"a date of asctime":         {date: date, values: []string{asctime}, want: 10 * time.Second},
		"a date in the past":        {date: later, values: []string{date}, want: 0},
		"a list with a date":        {date: date, values: []string{"3, " + later + ", 5"}, want: 10 * time.Second},
		"a list with a longer wait": {date: date, values: []string{later + ", 15"}, want: 15 * time.Second},
		"a Date that is none":       {date: "now", values: []string{later}, want: 0}, // the local clock counts
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{"Retry-After": c.values}
			if c.date != "" {
				header.Set("Date", c.date)
			}
			got, ok := retryAfter(header, time.Now())
			if !ok {
				got = absent
			}
			if got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestSuccessOf_ReadsWhateverElseIsWrong(t *testing.T) {
	for body, want := range map[string]verdict{
		`{"success":true}`:                                saysTrue,
		`{"success":false}`:                               saysFalse,
		"\ufeff{\"success\":true}":                        saysTrue,
		" {\"x\":[{}], \"success\" : true }\n":            saysTrue,
		`{"\u0073uccess":true}`:                           saysTrue,
		`{"success":true,"x":1,"x":2}`:                    saysTrue,
		"{\"success\":true,\"x\":\"\xff\"}":               saysTrue,
		`{"success":false,"x":1,"x":2}`:                   saysFalse,
		`{"success":true,"Success":true}`:                 saysTrue,
		`{"success":true,"Success":false}`:                saysBoth,
		`{"Success":false,"success":true}`:                saysBoth,
		`{"success":false,"success":true}`:                saysBoth,
		`{"success":true,"success":false}`:                saysBoth,
		`{"success":false,"success":null}`:                saysBoth,
		`{"success":true,"success":false,"success":true}`: saysBoth,
		`{"Success":false}`:                               saysBoth,
		"{\"\u017fuccess\":false,\"success\":true}":       saysBoth,
		`{"success":true,"success":true}`:                 saysNothing,
		`{"success":true,"success":null}`:                 saysNothing,
		`{"success":null,"success":true}`:                 saysNothing,
		`{"Success":true}`:                                saysNothing,
		`{"success":null}`:                                saysNothing,
		`{"success":"true"}`:                              saysNothing,
		`{"success":1}`:                                   saysNothing,
		`{"data":{"success":true}}`:                       saysNothing,
		`[{"success":true}]`:                              saysNothing,
		`{}`:                                              saysNothing,
		``:                                                saysNothing,
		`null`:                                            saysNothing,
		`<html>`:                                          saysNothing,
		`{"success":true`:                                 saysNothing,
		`{"success":true,`:                                saysNothing,
		`{"success":true}}`:                               saysNothing,
		`{"success":true}{"success":true}`:                saysNothing,
		`{"success":tru`:                                  saysNothing,
	} {
		if got := successOf([]byte(body)); got != want {
			t.Errorf("%q: got %v, want %v", body, got, want)
		}
	}
}
