package loadgen

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// serverTLS is a server's configuration with a certificate that nobody trusts.
var serverTLS = sync.OnceValue(func() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}}
})

// secure runs handle on each connection with the handshake done. What ends the
// connection is TCP's end: handle says whether a close_notify goes before it.
func secure(t testing.TB, handle func(s *tls.Conn, c *net.TCPConn)) netip.AddrPort {
	return server(t, func(c *net.TCPConn) {
		if s := tls.Server(c, serverTLS()); s.Handshake() == nil {
			handle(s, c)
		}
	})
}

// notify sends close_notify.
func notify(s *tls.Conn) { _ = s.CloseWrite() }

// tlsStory is a TLS server and how the stream and the attempt end.
type tlsStory struct {
	name   string
	body   int64
	handle func(s *tls.Conn, c *net.TCPConn, body int64)
	want   wanted
	// ends are the stream's ends for the fleet's own clients. net/http stops reading
	// after its answer, so its end may differ.
	ends []results.TLSEnd
	cfg  func(*Config)
}

// order is atOnce for clients that reach a time limit.
func (s tlsStory) order() order {
	if s.cfg != nil {
		return atOnce
	}
	return parallel
}

func tlsEnd(e ...results.TLSEnd) []results.TLSEnd { return e }

var tlsStories = []tlsStory{
	{
		name: "whole 503 and close_notify is delivered", body: 1000, want: only(results.Delivered), ends: tlsEnd(results.TLSCloseNotify),
		handle: func(s *tls.Conn, _ *net.TCPConn, n int64) { readRequest(s, n); say(s, answer503); notify(s) },
	},
	{
		name: "whole 503 without close_notify is delivered on a truncated stream", body: 1000, want: only(results.Delivered), ends: tlsEnd(results.TLSTruncated),
		handle: func(s *tls.Conn, _ *net.TCPConn, n int64) { readRequest(s, n); say(s, answer503) },
	},
	{
		name: "whole 503 then a reset is delivered-then-reset", body: 1000, ends: tlsEnd(results.TLSReset),
		want:   wanted{"": {results.DeliveredThenReset}, "nethttp": {results.Delivered}},
		handle: func(s *tls.Conn, c *net.TCPConn, n int64) { readRequest(s, n); say(s, answer503); reset(c) },
	},
	{
		name: "whole 503 and close_notify then a reset is delivered", body: 1000, want: only(results.Delivered), ends: tlsEnd(results.TLSCloseNotify),
		handle: func(s *tls.Conn, c *net.TCPConn, n int64) { readRequest(s, n); say(s, answer503); notify(s); reset(c) },
	},
	{
		name: "whole 503 on a connection that stays open is delivered", want: only(results.Delivered), ends: tlsEnd(results.TLSOpen),
		handle: func(s *tls.Conn, c *net.TCPConn, n int64) { readRequest(s, n); say(s, keepOpen); untilGone(c) },
	},
	{
		name: "whole 503 without the end it announced is delivered", want: only(results.Delivered), ends: tlsEnd(results.TLSOpen),
		handle: func(s *tls.Conn, c *net.TCPConn, n int64) { readRequest(s, n); say(s, answer503); untilGone(c) },
		cfg:    func(cfg *Config) { cfg.EndWait = 50 * time.Millisecond },
	},
	{
		name: "503 delimited by close_notify is delivered", want: only(results.Delivered), ends: tlsEnd(results.TLSCloseNotify),
		handle: func(s *tls.Conn, _ *net.TCPConn, n int64) { readRequest(s, n); say(s, untilEnd); notify(s) },
	},
	{
		name: "503 delimited by the end of the connection is truncated", ends: tlsEnd(results.TLSTruncated),
		// crypto/tls reports an end between two records as the end of the stream.
		want:   wanted{"": {results.Truncated}, "nethttp": {results.Delivered}},
		handle: func(s *tls.Conn, _ *net.TCPConn, n int64) { readRequest(s, n); say(s, untilEnd) },
	},
	{
		name: "503 delimited by the end and cut by a reset is truncated", want: only(results.Truncated), ends: tlsEnd(results.TLSReset),
		handle: func(s *tls.Conn, c *net.TCPConn, n int64) { readRequest(s, n); say(s, untilEnd); reset(c) },
	},
	{
		name: "part of a 503 and close_notify is truncated", want: only(results.Truncated), ends: tlsEnd(results.TLSCloseNotify),
		handle: func(s *tls.Conn, _ *net.TCPConn, n int64) { readRequest(s, n); say(s, partOf503); notify(s) },
	},
	{
		name: "part of a 503 then the end is truncated", want: only(results.Truncated), ends: tlsEnd(results.TLSTruncated),
		handle: func(s *tls.Conn, _ *net.TCPConn, n int64) { readRequest(s, n); say(s, partOf503) },
	},
	{
		name: "part of a record then the end is truncated", want: only(results.Truncated), ends: tlsEnd(results.TLSTruncated),
		handle: func(s *tls.Conn, c *net.TCPConn, n int64) {
			readRequest(s, n)
			say(s, partOf503)
			say(c, "\x17\x03\x03\x01\x00part")
		},
	},
	{
		name: "part of a 503 then a reset is truncated", want: only(results.Truncated), ends: tlsEnd(results.TLSReset),
		handle: func(s *tls.Conn, c *net.TCPConn, n int64) { readRequest(s, n); say(s, partOf503); reset(c) },
	},
	{
		name: "close_notify without an answer is closed", body: 1000, want: only(results.Closed), ends: tlsEnd(results.TLSCloseNotify),
		handle: func(s *tls.Conn, _ *net.TCPConn, n int64) { readRequest(s, n); notify(s) },
	},
	{
		name: "the end without an answer is closed", body: 1000, want: only(results.Closed), ends: tlsEnd(results.TLSTruncated),
		handle: func(s *tls.Conn, _ *net.TCPConn, n int64) { readRequest(s, n) },
	},
	{
		name: "a reset without an answer is reset-receive", body: 1000, want: only(results.ResetReceive), ends: tlsEnd(results.TLSReset),
		handle: func(s *tls.Conn, c *net.TCPConn, n int64) { readRequest(s, n); reset(c) },
	},
	{
		name: "what is no record is bad-response", want: only(results.BadResponse), ends: tlsEnd(results.TLSTruncated),
		handle: func(s *tls.Conn, c *net.TCPConn, n int64) { readRequest(s, n); say(c, answer503); untilGone(c) },
	},
	{
		name: "whole 2xx is admitted", want: only(results.Admitted), ends: tlsEnd(results.TLSOpen),
		handle: func(s *tls.Conn, c *net.TCPConn, n int64) { readRequest(s, n); say(s, answer200); untilGone(c) },
	},
	{
		name: "no answer is timeout-receive", body: 1000, want: only(results.TimeoutReceive), ends: tlsEnd(results.TLSOpen), cfg: shortReceive,
		handle: func(_ *tls.Conn, c *net.TCPConn, _ int64) { untilGone(c) },
	},
	{
		name: "a request that is not taken is timeout-send", body: bigBody, want: only(results.TimeoutSend), ends: tlsEnd(results.TLSOpen),
		cfg:    func(cfg *Config) { cfg.SendTimeout, cfg.Concurrency = 4*time.Second, 4 }, // the handshake has to be made within it
		handle: func(s *tls.Conn, c *net.TCPConn, _ int64) { readHead(s); keep(c) },
	},
	{
		name: "a reset in the middle of the request is reset-send", body: bigBody, ends: tlsEnd(results.TLSReset),
		want: wanted{
			"":        {results.ResetSend},
			"duplex":  {results.ResetSend, results.ResetReceive},
			"nethttp": {results.ResetSend, results.ResetReceive},
		},
		handle: func(s *tls.Conn, c *net.TCPConn, _ int64) { overtake(s); leaveUnread(c) },
	},
	{
		name: "a 503 that overtakes the request and a reset", body: bigBody, ends: tlsEnd(results.TLSReset),
		want: wanted{
			"":         {results.ResetSend},
			"tolerant": {results.DeliveredThenReset},
			"duplex":   {results.DeliveredThenReset},
			"nethttp":  {results.ResetSend, results.Delivered, results.DeliveredThenReset, results.Truncated},
		},
		handle: func(s *tls.Conn, c *net.TCPConn, _ int64) { overtake(s); leaveUnread(c); say(s, answer503) },
	},
	{
		name: "a 503 and close_notify that overtake the request and a reset", body: bigBody,
		ends: tlsEnd(results.TLSReset, results.TLSCloseNotify), // by what the client has read
		want: wanted{
			"":         {results.ResetSend},
			"tolerant": {results.DeliveredThenReset},
			"duplex":   {results.DeliveredThenReset, results.Delivered}, // stops at the close_notify
			"nethttp":  {results.ResetSend, results.Delivered, results.DeliveredThenReset, results.Truncated},
		},
		handle: func(s *tls.Conn, c *net.TCPConn, _ int64) { overtake(s); leaveUnread(c); say(s, answer503); notify(s) },
	},
	{
		name: "a 503 that overtakes the request, whose rest is drained", body: 8 << 20, want: only(results.Delivered), ends: tlsEnd(results.TLSCloseNotify),
		handle: func(s *tls.Conn, c *net.TCPConn, _ int64) {
			readHead(s)
			say(s, answer503)
			notify(s)
			_ = c.CloseWrite()
			untilGone(c)
		},
	},
}

// leaveUnread returns when more of a request has arrived than is read of it, so
// that close resets at once. A client encrypts a big request piece by piece, and a
// close between two of them would send a FIN first, which turns its ECONNRESET into
// EPIPE. A record's first byte never arrives alone.
func leaveUnread(c *net.TCPConn) { _, _ = io.ReadFull(c, make([]byte, 1)) }

func TestEveryClientReportsHowATLSStreamEnded(t *testing.T) {
	for _, s := range tlsStories {
		t.Run(s.name, func(t *testing.T) {
			var all []subtest
			for _, c := range Clients {
				all = append(all, subtest{c.Name, func(t *testing.T) { s.check(t, c, 1) }})
				if !c.library {
					all = append(all, subtest{c.Name + ", second request", func(t *testing.T) { s.check(t, c, 2) }})
				}
			}
			s.order().run(t, all)
		})
	}
}

// check makes attempts on a server of the story as the n-th requests of their
// connections, 1 or 2.
func (s tlsStory) check(t *testing.T, c Client, nth int) {
	t.Helper()
	addr := secure(t, func(stream *tls.Conn, tcp *net.TCPConn) {
		if nth == 2 {
			readHead(stream)
			say(stream, answer200)
		}
		s.handle(stream, tcp, s.body)
	})
	cfg := quick(addr, c.Name, 4)
	cfg.Target.TLS, cfg.BodyBytes, cfg.Nth = true, s.body, nth
	if s.cfg != nil {
		s.cfg(&cfg)
	}
	want := s.want.outcomes(c.Name)
	r := run(t, engine{run: Run}, cfg)
	for i, a := range r.Attempts {
		if !slices.Contains(want, a.Outcome) {
			t.Errorf("attempt %d: %v, want %v: %+v", i, a.Outcome, want, a)
		}
		if !c.library && !slices.Contains(s.ends, a.TLSEnd) {
			t.Errorf("attempt %d: stream %v, want %v: %+v", i, a.TLSEnd, s.ends, a)
		}
	}
	report, err := r.Report()
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, e := range results.TLSEnds {
		sum += report.TLSEnds.Of(e.End)
	}
	if sum != cfg.Requests {
		t.Errorf("ends of %d attempts: %v", cfg.Requests, report.TLSEnds)
	}
}

func TestAFailedHandshakeHasTheOutcomeOfItsCall(t *testing.T) {
	hello := func(c *net.TCPConn) { _, _ = io.CopyN(io.Discard, c, 100) }
	old := func() *tls.Config {
		config := serverTLS().Clone()
		config.MaxVersion = tls.VersionTLS12
		return config
	}()
	for _, tt := range []struct {
		name   string
		handle func(*net.TCPConn)
		want   results.Outcome
	}{
		{"a reset", func(c *net.TCPConn) { hello(c); reset(c) }, results.ResetReceive},
		{"the end", func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 16<<10)) }, results.Closed},
		{"part of a record then the end", func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 16<<10)); say(c, "\x16\x03\x03\x00\x10part") }, results.Closed},
		{"an answer without TLS", func(c *net.TCPConn) { hello(c); say(c, answer503); untilGone(c) }, results.BadResponse},
		{"an alert", func(c *net.TCPConn) { hello(c); say(c, "\x15\x03\x03\x00\x02\x02\x28"); untilGone(c) }, results.BadResponse},
		{"an older version", func(c *net.TCPConn) { _ = tls.Server(c, old).Handshake(); untilGone(c) }, results.BadResponse},
		{"nothing", untilGone, results.TimeoutReceive},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, c := range Clients {
				t.Run(c.Name, func(t *testing.T) {
					t.Parallel()
					cfg := quick(server(t, tt.handle), c.Name, 3)
					cfg.Target.TLS = true
					if tt.want == results.TimeoutReceive {
						cfg.SendTimeout = 200 * time.Millisecond
					}
					r := run(t, engine{run: Run}, cfg)
					wantOutcome(t, r, tt.want)
					for _, a := range r.Attempts {
						if a.TLSEnd != results.TLSUnfinished || a.Connected == 0 || a.Sent != 0 || a.Received != 0 {
							t.Errorf("%+v", a)
						}
					}
				})
			}
		})
	}
}

// The configured engine does not speak TLS, and the request must not be sent
// unencrypted.
func TestARequestOverTLSHasTheSameBytesAsWithoutIt(t *testing.T) {
	for _, c := range Clients {
		t.Run(c.Name, func(t *testing.T) {
			got := make(chan string, 1)
			addr := secure(t, func(s *tls.Conn, _ *net.TCPConn) {
				var head strings.Builder
				for b := make([]byte, 1); !strings.HasSuffix(head.String(), "\r\n\r\n"); {
					if _, err := s.Read(b); err != nil {
						t.Error(err)
						break
					}
					head.Write(b)
				}
				if s.ConnectionState().Version != tls.VersionTLS13 || s.ConnectionState().ServerName != "server.example" {
					t.Errorf("%+v", s.ConnectionState())
				}
				got <- head.String()
				say(s, answer503)
				notify(s)
			})
			cfg := quick(addr, c.Name, 1)
			cfg.Target.TLS, cfg.Target.Host, cfg.Target.Path = true, "server.example:81", "/a?b"
			r := run(t, engine{run: Run}, cfg)
			wantOutcome(t, r, results.Delivered)
			if head := <-got; !strings.HasPrefix(head, "GET /a?b HTTP/1.1\r\nHost: server.example:81\r\n") {
				t.Errorf("%q", head)
			}
			if a := r.Attempts[0]; hasEpoll && a.HandshakeUs == 0 {
				t.Errorf("no handshake time: %+v", a)
			}
		})
	}
}

func TestCancelCutsAHandshake(t *testing.T) {
	for _, c := range Clients {
		t.Run(c.Name, func(t *testing.T) {
			connected := make(chan struct{}, 1)
			addr := server(t, func(c *net.TCPConn) { connected <- struct{}{}; untilGone(c) })
			cfg := quick(addr, c.Name, 1)
			cfg.Target.TLS, cfg.SendTimeout = true, time.Hour
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-connected; cancel() }()
			if r, err := Run(ctx, cfg); err == nil || r == nil || len(r.Attempts) != 0 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

func TestATargetIsParsedFromItsURL(t *testing.T) {
	for _, tt := range []struct {
		url  string
		want Target
		err  string
	}{
		{"http://127.0.0.1", Target{Addr: netip.MustParseAddrPort("127.0.0.1:80"), Host: "127.0.0.1", Path: "/"}, ""},
		{"https://127.0.0.1/a?b", Target{Addr: netip.MustParseAddrPort("127.0.0.1:443"), Host: "127.0.0.1", Path: "/a?b", TLS: true}, ""},
		{"https://[::1]:8443/", Target{Addr: netip.MustParseAddrPort("[::1]:8443"), Host: "[::1]:8443", Path: "/", TLS: true}, ""},
		{"ftp://127.0.0.1/", Target{}, `URL "ftp://127.0.0.1/": the scheme is "ftp", want http or https`},
		{"https://", Target{}, `URL "https://": no host`},
	} {
		got, err := ParseTarget(tt.url)
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%s: %+v, %v", tt.url, got, err)
		}
	}
}
