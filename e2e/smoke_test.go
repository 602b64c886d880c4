package e2e

import (
	"net/http"
	"testing"
)

func TestServesAndStops(t *testing.T) {
	s := start(t)
	for _, url := range []string{s.URL + "/healthz", s.AdminURL + "/metrics"} {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", url, resp.Status)
		}
	}
	if s.token() == "" {
		t.Error("no token")
	}
	s.stop()
	s.restart()
	s.kill()
	s.restart()
}
