package api

import (
	"strings"
	"testing"
	"time"
)

// What the documentation of the options says.
func TestDefaults(t *testing.T) {
	c := defaultConfig()
	if c.timeout != 30*time.Second || c.firstWait != time.Second || c.maxBackoff != 30*time.Second || c.maxAttempts != 3 || c.maxResponseBytes != 1<<20 ||
		c.validation != ValidationStrict || !strings.HasPrefix(c.userAgent, "sakari-go") || c.baseURL != "https://api.sakari.io" || c.client != nil || c.insecure {
		t.Errorf("%+v", c)
	}
}
