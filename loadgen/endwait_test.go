package loadgen

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// A server that answers early and then waits for the rest of the request waited
// for a client that had stopped sending and waited for the connection's end.
func TestAClientWithItsAnswerWaitsAtMostEndWait(t *testing.T) {
	for _, test := range []struct {
		name string
		body int64
		// after is what the server does after its answer until the client closes.
		after func(c *net.TCPConn)
	}{
		{"for a server that reads the rest", bigBody, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }},
		{"for a server that drips behind its answer", 0, func(c *net.TCPConn) {
			for {
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
				time.Sleep(time.Millisecond) // the drip itself
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr := server(t, func(c *net.TCPConn) {
				readHead(c)
				say(c, "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
				test.after(c)
			})
			for _, e := range engines() {
				cfg := quick(addr, "duplex", 2)
				cfg.BodyBytes = test.body
				cfg.SendTimeout, cfg.ReceiveTimeout, cfg.EndWait = time.Hour, time.Hour, 5*time.Millisecond
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second) // a hang fails
				r, err := e.run(ctx, cfg)
				cancel()
				if err != nil {
					t.Fatalf("%s: %v", e.name, err)
				}
				wantOutcome(t, r, results.Delivered)
			}
		})
	}
}
