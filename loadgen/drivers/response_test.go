package drivers

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// The answer's first byte arrives after a delay, so no client may report it earlier.
func TestNoClientHasAnAnswerBeforeTheServerSentOne(t *testing.T) {
	const delay = 50 * time.Millisecond
	for _, c := range Clients() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			installed(t, c)
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				time.Sleep(delay)
				http.Error(w, "full", http.StatusServiceUnavailable)
			}))
			defer s.Close()
			for _, body := range []int64{0, 300_000} {
				for _, a := range drive(t, c, Job{URL: s.URL + "/", Concurrency: 1, Requests: 2, BodyBytes: body, Timeout: 20 * time.Second}) {
					if a.Outcome != results.Delivered || a.End < delay || a.Response != 0 && a.Response < delay {
						t.Errorf("body %d: %v, answered after %v, ended after %v: %s", body, a.Outcome, a.Response, a.End, a.Error)
					}
				}
			}
		})
	}
}
