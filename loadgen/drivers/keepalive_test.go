package drivers

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// Most servers keep a connection open after a 503 whose request they have read.
func TestEveryAttemptHasItsOwnConnectionDespiteKeepAlive(t *testing.T) {
	for _, c := range Clients() {
		for _, over := range []string{"http", "https"} {
			t.Run(c.Name+" over "+over, func(t *testing.T) {
				t.Parallel()
				installed(t, c)
				var connections atomic.Int64
				s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					http.Error(w, "full", http.StatusServiceUnavailable)
				}))
				s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
					if state == http.StateNew {
						connections.Add(1)
					}
				}
				s.Config.ErrorLog = log.New(io.Discard, "", 0) // a client may leave without a close_notify
				if over == "https" {
					s.TLS = &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}}
					s.StartTLS()
				} else {
					s.Start()
				}
				defer s.Close()
				const requests = 8
				for _, a := range drive(t, c, Job{URL: s.URL + "/", Concurrency: 2, Requests: requests, BodyBytes: 10_000, Timeout: 20 * time.Second}) {
					if a.Outcome != results.Delivered {
						t.Errorf("%v: %s", a.Outcome, a.Error)
					}
				}
				if n := connections.Load(); n != requests {
					t.Errorf("%d attempts over %d connections", requests, n)
				}
			})
		}
	}
}
