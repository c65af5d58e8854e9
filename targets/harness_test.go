package targets

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is the time limit for an event that must happen. No test waits for its end.
const patience = 20 * time.Second

// start serves cfg on loopback until the test ends.
func start(t *testing.T, cfg Config) *Server {
	t.Helper()
	cfg.Listen = "127.0.0.1:0"
	s, err := Listen(context.Background(), cfg)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background()) }()
	t.Cleanup(func() {
		s.Shutdown(0)
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

// finish shuts the server down and returns its report.
func finish(s *Server) Report {
	s.Shutdown(patience)
	return s.Report()
}

func dial(t *testing.T, s *Server) *net.TCPConn {
	t.Helper()
	c, err := net.DialTimeout("tcp", s.Addr().String(), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

func send(t *testing.T, c net.Conn, data string) {
	t.Helper()
	if _, err := io.WriteString(c, data); err != nil {
		t.Fatal(err)
	}
}

// status reads one answer with its body and returns its status code.
func status(t *testing.T, c net.Conn) int {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatalf("read the answer's body: %v", err)
	}
	return res.StatusCode
}

// attempt makes one request as a client that tolerates every error, and returns
// the bytes it read.
func attempt(s *Server, request string) string {
	var c net.Conn
	c, err := net.DialTimeout("tcp", s.Addr().String(), patience)
	if err != nil {
		return "" // linger-zero may reset before connect returns
	}
	if s.config.TLS {
		c = tls.Client(c, anyServer())
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, request)
	answer, _ := io.ReadAll(c)
	return string(answer)
}

// pair returns the two ends of a connection. The server's end has its own ledger.
func pair(t *testing.T) (client *net.TCPConn, server *conn, l *ledger) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	c, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	a, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); a.Close() })
	c.SetDeadline(time.Now().Add(patience))
	l = newLedger()
	return c.(*net.TCPConn), l.begin(a.(*net.TCPConn)), l
}

// reject rejects one connection while client runs at its other end, and
// returns the entry.
func reject(t *testing.T, strategy string, b Bounds, client func(*net.TCPConn)) LedgerEntry {
	t.Helper()
	row, err := StrategyByName(strategy)
	if err != nil {
		t.Fatal(err)
	}
	if row.linux && !onLinux {
		t.Skip("needs Linux")
	}
	if b, err = b.withDefaults(); err != nil {
		t.Fatal(err)
	}
	c, s, l := pair(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.decision.Store(uint32(Rejected))
		l.end(s, endReasonOf(row.reject(s, b)))
	}()
	client(c)
	<-done
	return l.report(0).Entries[0]
}

// awaitEnd reads until the connection's end, orderly or not.
func awaitEnd(c *net.TCPConn) { io.Copy(io.Discard, c) }

// awaitReadable returns once cond holds for the connection's receive buffer; the poller
// wakes it at each arrival.
func awaitReadable(t *testing.T, c syscall.Conn, cond func() bool) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Read(func(uintptr) bool { return cond() }); err != nil {
		t.Fatal(err)
	}
}

func get(extra ...string) string {
	return "GET / HTTP/1.1\r\nHost: test\r\n" + strings.Join(extra, "") + "\r\n"
}

func post(body string, extra ...string) string {
	return fmt.Sprintf("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n%s\r\n%s", len(body), strings.Join(extra, ""), body)
}

// peerAddr returns the client's address, never in IPv4-mapped form.
func peerAddr(e LedgerEntry) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(e.PeerIP).Unmap(), e.PeerPort)
}
