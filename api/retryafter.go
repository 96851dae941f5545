package api

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// retryAfter reads the Retry-After fields of a response: seconds, or an HTTP date, which counts
// from the Date of the response. Of several it returns the longest. It rounds fractions up. What is
// too long for a Duration is the longest one. It reports whether it could read any.
func retryAfter(header http.Header, now time.Time) (wait time.Duration, ok bool) {
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	parts := strings.Split(strings.Join(header.Values("Retry-After"), ","), ",")
	for i, part := range parts {
		part = strings.TrimSpace(part)
		if strings.Trim(part, "0123456789.") == "" {
			if seconds, err := strconv.ParseFloat(part, 64); err == nil || errors.Is(err, strconv.ErrRange) {
				wait, ok = max(wait, durationOf(math.Ceil(seconds))), true
			}
			continue
		}
		if i > 0 { // the date has a comma behind the day of the week
			part = strings.TrimSpace(parts[i-1]) + ", " + part
		}
		at, err := http.ParseTime(part)
		if err != nil {
			at, err = http.ParseTime(strings.TrimSpace(parts[i]))
		}
		if err == nil {
			wait, ok = max(wait, at.Sub(now)), true
		}
	}
	return wait, ok
}

// durationOf converts seconds. What is too long for a Duration is the longest one.
func durationOf(seconds float64) time.Duration {
	const limit = float64(math.MaxInt64 / int64(time.Second))
	switch {
	case seconds >= limit:
		return math.MaxInt64
	case seconds <= -limit:
		return math.MinInt64
	}
	return time.Duration(seconds * float64(time.Second))
}
