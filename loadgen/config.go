// Package loadgen is the client fleet: it opens connections to one address on
// a schedule, sends one request on each, and records for every attempt which
// system call failed, with which error number, and what had arrived before.
//
// A fleet makes one connection an attempt, never retries, and never sets
// SO_LINGER: a retry or a hard close would hide what is measured. It does not
// know which server it hits.
//
// On Linux the engine drives non-blocking sockets from an epoll loop on locked
// threads; elsewhere, for clients that are libraries and for TLS, a portable engine
// runs one goroutine an attempt on package net.
package loadgen

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"time"
)

// Defaults of Config's time limits, for fields that are zero.
const (
	DefaultTimeout   = 10 * time.Second
	DefaultReadDelay = 100 * time.Millisecond
	defaultEndWait   = time.Second
)

// Config says what a fleet does. The zero value of a field means what its
// comment says; Target and Client have no default.
type Config struct {
	Target      Target        // where to, and what the request names
	Client      string        // a name of Clients
	Concurrency int           // attempts in flight at most; 0 is 1
	Requests    int64         // attempts in all; 0 means until Duration is over
	Duration    time.Duration // no attempt is due later than this; 0 means until Requests are made
	Rate        float64       // attempts due a second, evenly spaced; 0 is a closed loop
	BodyBytes   int64         // size of the request's body; 0 sends a GET
	// Nth is the place on its connection of the request that is measured. Those
	// before it are GETs of AdmittedPath without a body, each sent when the answer to
	// the one before is whole, and each to be answered with a 2xx that keeps the
	// connection open; an attempt that meets anything else there ends with it, and
	// with bad-response if that is a whole answer. From 1 to MaxNth; 0 is 1, a
	// connection's first request. The nethttp client makes that one only: it tries
	// a request again, unasked, on another connection when a used one ends under it.
	Nth int

	// Each phase of an attempt has a time limit, counted from its start and
	// never extended by progress, so that a server that drips is let go.
	ConnectTimeout time.Duration // 0 is DefaultTimeout
	SendTimeout    time.Duration // 0 is DefaultTimeout; a TLS handshake has as much before it
	ReceiveTimeout time.Duration // 0 is DefaultTimeout

	// EndWait is how long a client that has the whole answer waits for the end
	// of a connection that the answer says will end, to tell an orderly one from
	// a reset; then it closes, and the attempt counts as ended in order. A
	// reset in answer to what it has sent comes within a round trip. 0 is
	// DefaultEndWait. Without a bound, a client that stopped sending and a
	// server that waits for the rest would wait for each other.
	EndWait time.Duration

	// ReadDelay is how long the slow-reader client waits between its request
	// and its first read; 0 is DefaultReadDelay.
	ReadDelay time.Duration

	Workers  int  // threads of the epoll engine; 0 picks one for every two CPUs, at least one
	Portable bool // use the portable engine although the epoll engine is there; TLS always does
}

// Target is the address a fleet connects to and the names its request carries.
type Target struct {
	Addr netip.AddrPort
	Host string // the Host field; empty is Addr
	Path string // the request target; empty is "/"
	// TLS has the connections speak TLS 1.3 (an https URL). The server's
	// certificate is not verified: it is a machine of the user's own.
	TLS bool
}

// ParseTarget reads an http or https URL. A name in it is looked up once.
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

// headPiece is how many bytes of a request's body go out in one write with its
// header; longer bodies follow in pieces of as much.
const headPiece = 1 << 20

// readBuffer is how many bytes one receive reads at most.
const readBuffer = 16 << 10

// request returns the bytes of the request's header for a body of n bytes. It
// has no Connection field: an ordinary HTTP/1.1 client asks for nothing, and
// some servers tear down differently when it asks for close (Go net/http
// skips its wait before the close, transfer.go and server.go of go1.26).
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
