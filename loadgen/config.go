// Package loadgen is the client fleet. It opens connections to one address on a
// schedule and sends one request on each. For every attempt it records which
// system call failed, with which error number, and what had arrived before.
//
// A fleet makes one connection per attempt, never retries and never sets
// SO_LINGER, because a retry or a reset by the client would hide what is measured.
// It does not know which server it connects to.
//
// On Linux the epoll engine drives non-blocking sockets on locked threads. On
// other systems, for net/http and for TLS, the portable engine runs one goroutine
// per attempt in flight on package net.
package loadgen

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// Defaults of Config's time limits, for zero fields.
const (
	DefaultTimeout   = 10 * time.Second
	DefaultReadDelay = 100 * time.Millisecond
	defaultEndWait   = time.Second
)

// Config configures a fleet. Target and Client have no default.
type Config struct {
	Target      Target        // address of the server, and names in the request
	Client      string        // a name of Clients
	Concurrency int           // number of attempts in flight, the maximum unless Arrivals is SpreadArrivals; 0 is 1
	Requests    int64         // number of attempts; 0 is as many as Duration allows
	Duration    time.Duration // attempts are due before this time; 0 is no limit but Requests
	// Arrivals is how attempts are spaced in time: a name in results.Arrivals. Empty
	// is EvenArrivals with a Rate, otherwise ClosedArrivals.
	Arrivals string
	// Rate is the number of attempts due per second, 0 or above. PoissonArrivals and
	// EvenArrivals need one, ClosedArrivals has none. SpreadArrivals without one keeps
	// Concurrency attempts in flight on average, and up to twice as many and 16 more.
	Rate float64
	// Seed is the seed of the random starts of SpreadArrivals and PoissonArrivals.
	Seed uint64
	// Expected is about how long an attempt takes, for the first starts of
	// SpreadArrivals without a Rate, before any attempt has ended. 0 is unknown: then
	// the first attempt of a worker has ended before its second starts.
	Expected  time.Duration
	BodyBytes int64 // size of the request's body; 0 sends a GET
	// Nth is the number of the measured request on its connection, from 1 to MaxNth.
	// The requests before it are GETs of AdmittedPath without a body. The client
	// sends each when the answer to the one before is complete, and expects a 2xx
	// that keeps the connection open. Another complete answer ends the attempt as a
	// bad-response; any other failure ends it with its own outcome. 0 is 1, a
	// connection's first request. The nethttp client only supports 1, because it
	// retries a request on a new connection if a used connection ends.
	Nth int

	// Each phase of an attempt has a time limit from its start. Progress does not
	// extend it, so that a server that sends slowly cannot hold the client.
	ConnectTimeout time.Duration // 0 is DefaultTimeout
	SendTimeout    time.Duration // 0 is DefaultTimeout; a TLS handshake before it has the same limit
	ReceiveTimeout time.Duration // 0 is DefaultTimeout

	// EndWait is how long a client that has the whole answer waits for the end of a
	// connection that the answer says will end, to distinguish an orderly end from a
	// reset. Then the client closes, and the end counts as orderly. A reset
	// caused by sent data arrives within a round trip. 0 is 1 s. Without a bound, a
	// client that stopped sending and a server that waits for the rest of the request
	// would wait for each other.
	EndWait time.Duration

	// ReadDelay is how long the slow-reader client waits between its request
	// and its first read; 0 is DefaultReadDelay.
	ReadDelay time.Duration

	Workers  int  // threads of the epoll engine; 0 is one for every two CPUs, at least one
	Portable bool // use the portable engine where the epoll engine exists; TLS always uses it
}

// arrivals returns the name of the arrivals.
func (cfg Config) arrivals() string {
	return cmp.Or(cfg.Arrivals, results.UnnamedArrivals(cfg.Rate))
}

// openLoop reports whether attempts are due at times of their own.
func (cfg Config) openLoop() bool { return cfg.arrivals() != results.ClosedArrivals }

// slots returns the maximum number of attempts in flight.
func (cfg Config) slots() int {
	if cfg.arrivals() == results.SpreadArrivals && cfg.Rate == 0 {
		return 2*cfg.Concurrency + spareSlots
	}
	return cfg.Concurrency
}

// spareSlots are the slots beyond twice the concurrency of SpreadArrivals without a
// rate. They matter for a small concurrency, where the number of attempts in flight
// varies most.
const spareSlots = 16

// Target is the address to connect to and the names in the request.
type Target struct {
	Addr netip.AddrPort
	Host string // the Host field; empty is Addr
	Path string // the request target; empty is "/"
	// TLS makes the connections speak TLS 1.3 (an https URL). The client does not
	// verify the certificate, because the server is the user's own machine.
	TLS bool
}

// ParseTarget parses an http or https URL. It resolves a host name once.
func ParseTarget(raw string) (Target, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return Target{}, fmt.Errorf("URL %q: %w", raw, err)
	}
	port, ok := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if !ok {
		return Target{}, fmt.Errorf("URL %q: the scheme is %q, want http or https", raw, u.Scheme)
	}
	if u.Hostname() == "" {
		return Target{}, fmt.Errorf("URL %q: no host", raw)
	}
	if u.Port() != "" {
		port = u.Port()
	}
	a, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return Target{}, fmt.Errorf("URL %q: %w", raw, err)
	}
	ap := a.AddrPort()
	return Target{
		Addr: netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()),
		Host: u.Host,
		Path: u.RequestURI(),
		TLS:  u.Scheme == "https",
	}, nil
}

// headPiece is the maximum number of body bytes in the same write as the header. A
// longer body follows in pieces of this size.
const headPiece = 1 << 20

// readBuffer is the maximum number of bytes of one receive.
const readBuffer = 16 << 10

// request returns the header of a request with a body of n bytes. It has no
// Connection field, as the requests of ordinary HTTP/1.1 clients. Some servers
// close differently after Connection: close (Go net/http does not wait before the
// close, transfer.go and server.go of go1.26).
func (t Target) request(n int64) []byte {
	host, path := t.Host, t.Path
	if host == "" {
		host = t.Addr.String()
	}
	if path == "" {
		path = "/"
	}
	if n == 0 {
		return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: rejectbench\r\nAccept: */*\r\n\r\n", path, host)
	}
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: rejectbench\r\nAccept: */*\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", path, host, n)
}
