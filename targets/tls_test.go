package targets

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// tlsClient is a TLS client that keeps the bytes its socket received.
type tlsClient struct {
	*tls.Conn
	socket *tap
}

// tap is a socket that keeps the bytes read from it, and can delay writes and then
// send them in one piece.
type tap struct {
	*net.TCPConn
	got  bytes.Buffer
	hold bool
	held bytes.Buffer
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.TCPConn.Read(p)
	t.got.Write(p[:n])
	return n, err
}

func (t *tap) Write(p []byte) (int, error) {
	if t.hold {
		return t.held.Write(p)
	}
	return t.TCPConn.Write(p)
}

func (t *tap) flush() error {
	t.hold = false
	_, err := t.held.WriteTo(t.TCPConn)
	return err
}

// endsWithAlert reports whether the last record read is an alert.
func (t *tap) endsWithAlert() bool {
	last := 0
	for p := t.got.Bytes(); len(p) >= recordHeader; p = p[min(last, len(p)):] {
		last = recordHeader + int(binary.BigEndian.Uint16(p[recordHeader-2:]))
	}
	return last == alertRecord
}

// anyServer trusts every server: tests of the certificate are elsewhere.
func anyServer() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

// dialTLS connects and makes the handshake.
func dialTLS(t *testing.T, s *Server) tlsClient {
	t.Helper()
	socket := &tap{TCPConn: dial(t, s)}
	c := tls.Client(socket, anyServer())
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	return tlsClient{c, socket}
}

// serverFor returns a configuration that rejects, or, for a strategy that
// cannot, admits, and what its clients are answered with.
func serverFor(strategy string) (cfg Config, status int) {
	cfg = Config{Strategy: strategy, Bounds: brisk}
	if strategy == "backlog" {
		cfg.Limit = 1
		return cfg, http.StatusOK
	}
	return cfg, http.StatusServiceUnavailable
}

// statusOf parses one whole answer, or returns 0.
func statusOf(answer []byte) int {
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), nil)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0
	}
	return res.StatusCode
}

func TestOverTLSAllButLingerZeroSendAnswerAndCloseNotify(t *testing.T) {
	forEachStrategy(t, func(t *testing.T, name string) {
		cfg, want := serverFor(name)
		cfg.TLS = true
		s := start(t, cfg)
		c := dialTLS(t, s)
		_, unsent := io.WriteString(c, post("hello")) // may meet the reset, which is then gone
		answer, err := io.ReadAll(c)
		c.Close()
		if got := statusOf(answer); got != want {
			t.Errorf("status %d, want %d: %q, %v", got, want, answer, err)
		}
		quiet := name == "linger-zero"
		if c.socket.endsWithAlert() == quiet {
			t.Errorf("a close_notify arrived: %v (%v)", !quiet, err)
		}
		if onLinux && quiet && endReasonOf(errors.Join(unsent, err)) != endPeerReset {
			t.Errorf("ended by %v and %v, want a reset", unsent, err)
		}
		e := finish(s).Entries[0]
		if tail := map[bool]int64{true: 0, false: alertRecord}[quiet]; e.Tail != tail {
			t.Errorf("a tail of %d bytes, want %d", e.Tail, tail)
		}
		if got := int64(c.socket.got.Len()); e.Answer != got {
			t.Errorf("the kernel took %d bytes, and %d arrived", e.Answer, got)
		}
		if e.End == endError || e.End == endHandshakeFailed {
			t.Errorf("%+v", e)
		}
	})
}

func TestOverTLSEveryStrategyAdmitsBelowTheLimit(t *testing.T) {
	forEachStrategy(t, func(t *testing.T, name string) {
		s := start(t, Config{Strategy: name, Limit: 1, TLS: true, ServiceTime: time.Millisecond})
		for range 3 {
			c := dialTLS(t, s)
			send(t, c, post(strings.Repeat("x", 100_000)))
			answer, err := io.ReadAll(c)
			if got := statusOf(answer); got != 200 || err != nil || !c.socket.endsWithAlert() {
				t.Errorf("status %d, %v", got, err)
			}
			c.Close()
		}
		if r := finish(s); r.Server.Admitted != 3 || r.Server.Rejected != 0 {
			t.Errorf("%+v", r.Server)
		}
	})
}

// A request in the handshake's last segment stays in the kernel until the strategy
// reads it.
func TestARequestInTheHandshakesLastSegmentStaysUnread(t *testing.T) {
	if !onLinux {
		t.Skip("only Linux tells what is unread")
	}
	for strategy, reads := range map[string]bool{"close": false, "read-request": true} {
		t.Run(strategy, func(t *testing.T) {
			s := start(t, Config{Strategy: strategy, TLS: true})
			socket := &tap{TCPConn: dial(t, s)}
			c := tls.Client(socket, &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error {
				socket.hold = true // the certificate is there: what follows is the handshake's end
				return nil
			}})
			if err := c.Handshake(); err != nil {
				t.Fatal(err)
			}
			before := socket.held.Len()
			send(t, c, post("hello"))
			request := int64(socket.held.Len() - before)
			if err := socket.flush(); err != nil {
				t.Fatal(err)
			}
			if answer, err := io.ReadAll(c); statusOf(answer) != 503 {
				t.Errorf("got %q, %v", answer, err)
			}
			awaitEntries(t, s, 1) // a client's close_notify would be unread, too
			c.Close()
			want := map[bool]int64{true: 0, false: request}[reads]
			if e := finish(s).Entries[0]; e.Unread != want {
				t.Errorf("%d bytes of a request of %d unread, want %d", e.Unread, request, want)
			}
		})
	}
}

func TestAReadNeverPassesTheEndOfARecord(t *testing.T) {
	if !onLinux {
		t.Skip("only Linux tells what is unread")
	}
	rapid.Check(t, func(rt *rapid.T) {
		c, s, l := pair(t)
		defer func() { l.end(s, endClosed); c.Close() }()
		var all []byte
		lengths := rapid.SliceOfN(rapid.IntRange(0, 3000), 1, 5).Draw(rt, "lengths")
		for _, n := range lengths {
			record := make([]byte, recordHeader+n)
			binary.BigEndian.PutUint16(record[recordHeader-2:], uint16(n))
			all = append(all, record...)
		}
		send(t, c, string(all))
		awaitReadable(t, s, func() bool { n, err := available(s); return n == len(all) || err != nil })
		r := &records{conn: s}
		left := len(all)
		for _, n := range lengths {
			for end := left - recordHeader - n; left > end; {
				k, err := r.Read(make([]byte, rapid.IntRange(1, 10_000).Draw(rt, "buffer")))
				if left -= k; err != nil || left < end {
					rt.Fatalf("%d bytes left, %v, want no less than %d", left, err, end)
				}
			}
			if unread, err := available(s); unread != left || err != nil {
				rt.Fatalf("%d bytes in the kernel, %v, want %d", unread, err, left)
			}
		}
	})
}

func TestAFailedHandshakeIsRejectedAndDelaysNobody(t *testing.T) {
	short := Bounds{HeaderTimeout: 30 * time.Millisecond}
	clients := []struct {
		name   string
		bounds Bounds
		run    func(*testing.T, *net.TCPConn)
	}{
		{"plain HTTP", Bounds{}, func(t *testing.T, c *net.TCPConn) { send(t, c, get()); awaitEnd(c) }},
		{"garbage", Bounds{}, func(t *testing.T, c *net.TCPConn) { send(t, c, "\x16\x03\x01\x00\x04abcd"); awaitEnd(c) }},
		{"TLS 1.2", Bounds{}, func(t *testing.T, c *net.TCPConn) {
			old := tls.Client(c, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
			if err := old.Handshake(); err == nil {
				t.Error("the handshake was made")
			}
		}},
		{"no trust", Bounds{}, func(t *testing.T, c *net.TCPConn) {
			if err := tls.Client(c, &tls.Config{ServerName: "localhost"}).Handshake(); err == nil {
				t.Error("the handshake was made")
			}
			awaitEnd(c)
		}},
		{"silent", short, func(t *testing.T, c *net.TCPConn) { awaitEnd(c) }},
		{"half a record", short, func(t *testing.T, c *net.TCPConn) { send(t, c, "\x16\x03\x01\x02\x00abc"); awaitEnd(c) }},
		{"gone", Bounds{}, func(*testing.T, *net.TCPConn) {}},
		{"reset", Bounds{}, func(t *testing.T, c *net.TCPConn) { c.SetLinger(0) }},
	}
	for _, cfg := range []Config{
		{Strategy: "close", Limit: 1}, {Strategy: "lingering-close"}, {Strategy: "read-request", Limit: 1, Nth: 2},
		{Strategy: "backlog", Limit: 1}, {Strategy: "nethttp", Limit: 1}, {Strategy: "nethttp", Nth: 2},
	} {
		for _, client := range clients {
			t.Run(cfg.Strategy+"/"+client.name, func(t *testing.T) {
				if cfg.Nth > 1 && !onLinux {
					t.Skip("needs Linux")
				}
				cfg := cfg
				cfg.TLS, cfg.Bounds = true, client.bounds
				s := start(t, cfg)
				c := dial(t, s)
				client.run(t, c)
				c.Close()
				awaitEntries(t, s, 1)
				if r := s.Report(); r.Entries[0].Decision != Rejected || r.Entries[0].End != endHandshakeFailed ||
					r.Server.Rejected != 1 || r.Server.Ends["handshake-failed"] != 1 {
					t.Errorf("%+v", r)
				}
				if client.bounds != short { // too short for one who has to be served
					checkNextIsServed(t, s, cfg)
				}
			})
		}
	}
}

// checkNextIsServed checks that a client gets an answer, and that the slot of the
// client before it, if that had one, is free.
func checkNextIsServed(t *testing.T, s *Server, cfg Config) {
	t.Helper()
	next := dialTLS(t, s)
	for range max(1, cfg.Nth) {
		io.WriteString(next, get())
	}
	answer, _ := io.ReadAll(next)
	next.Close()
	if len(answer) == 0 || cfg.Limit > 0 && statusOf(answer) != 200 {
		t.Errorf("the next client got %q", answer)
	}
}

func TestAClientWithoutAHandshakeDelaysNobody(t *testing.T) {
	for _, cfg := range []Config{{Strategy: "read-request"}, {Strategy: "nethttp"}, {Strategy: "read-request", Limit: 2}} {
		cfg.TLS = true
		s := start(t, cfg)
		silent := dial(t, s)
		c := dialTLS(t, s)
		send(t, c, get())
		if answer, _ := io.ReadAll(c); statusOf(answer) == 0 {
			t.Errorf("%s: got %q", cfg.Strategy, answer)
		}
		c.Close()
		silent.Close()
	}
}

// After its close_notify the server does not decrypt, so that it does not notice
// invalid records.
func TestOverTLSLingeringDiscardsWithoutDecryption(t *testing.T) {
	for _, strategy := range []string{"lingering-close", "drain-until-acked"} {
		t.Run(strategy, func(t *testing.T) {
			if strategy == "drain-until-acked" && !onLinux {
				t.Skip("needs Linux")
			}
			s := start(t, Config{Strategy: strategy, TLS: true, Bounds: Bounds{LingerIdle: patience, QuietFloor: patience, AckTimeout: patience}})
			c := dialTLS(t, s)
			if answer, err := io.ReadAll(c); statusOf(answer) != 503 || err != nil {
				t.Fatalf("got %q, %v", answer, err)
			}
			nonsense := strings.Repeat("x", 100_000)
			send(t, c.socket, nonsense)
			c.socket.CloseWrite()
			awaitEntries(t, s, 1)
			if e := s.Report().Entries[0]; e.End != endEOF || e.Read <= int64(len(nonsense)) {
				t.Errorf("%+v", e)
			}
		})
	}
}
