package cell

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/catalogue"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// patience bounds waits for what must happen; no test waits for all of it.
const patience = 60 * time.Second

// overLoopback starts a server on the system's loopback and returns its address.
func overLoopback(t *testing.T, p Program) netip.AddrPort {
	t.Helper()
	path, err := netpath.Open(netpath.Spec{Kind: netpath.Loopback, Congestion: netpath.DefaultCongestion}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := path.Close(); err != nil {
			t.Error(err)
		}
	})
	if p.Folder, err = os.MkdirTemp("/tmp", "t"); err != nil { // the path of a Unix socket has to be short
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(p.Folder) })
	p.ListenTimeout = max(patience, p.ListenTimeout)
	s, err := startServer(t.Context(), path, p, nil, ServerSpec{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.alive(); err != nil {
			t.Error(err)
		}
		s.kill()
		if left, err := os.ReadDir(p.Folder); err != nil || len(left) > 0 {
			t.Errorf("left in the folder: %v, %v", left, err)
		}
	})
	return s.addr
}

// eachInstalled runs a test of every variant of every server that is installed.
// On CI all have to be.
func eachInstalled(t *testing.T, f func(t *testing.T, s catalogue.Server, v catalogue.Variant)) {
	all, err := catalogue.Open("")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Command[0] == "{self}" {
			continue // the test binary is not the command line
		}
		_, missing := s.Installed(t.Context())
		for _, v := range s.Variants {
			t.Run(s.Name+":"+v.Name, func(t *testing.T) {
				switch {
				case missing == nil:
				case os.Getenv("CI") == "true":
					t.Fatal(missing)
				default:
					t.Skip(missing)
				}
				f(t, s, v)
			})
		}
	}
}

// connection is a connection to a server with a reader of its answers.
type connection struct {
	net.Conn
	answers *bufio.Reader
}

func dial(t *testing.T, addr netip.AddrPort) connection {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr.String(), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return connection{c, bufio.NewReader(c)}
}

// get asks for a path and reads the whole answer.
func (c connection) get(t *testing.T, path string) *http.Response {
	t.Helper()
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestServersWithTLSSpeakTLS13WithTheRunsCertificate(t *testing.T) {
	cert, key, err := targets.SelfSigned("localhost")
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(cert)
	eachInstalled(t, func(t *testing.T, s catalogue.Server, v catalogue.Variant) {
		setup, ok := s.TLSSetup(v)
		if !ok || !rejectsInHTTP(s, v) {
			t.Skip("speaks no TLS, or rejects without an answer")
		}
		plain := s.Setup(v)
		p := Program{Command: plain.Command, Setup: &plain, TLS: &TLSSetup{setup, cert, key}}.Speaking(true)
		c := dial(t, overLoopback(t, p))
		secure := tls.Client(c.Conn, &tls.Config{RootCAs: trusted, ServerName: "localhost", NextProtos: []string{"http/1.1"}})
		if err := secure.HandshakeContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		if v := secure.ConnectionState().Version; v != tls.VersionTLS13 {
			t.Errorf("it speaks %s", tls.VersionName(v))
		}
		if answer := (connection{secure, bufio.NewReader(secure)}).get(t, "/"); answer.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("status %s", answer.Status)
		}
	})
}

// rejectsInHTTP reports whether a variant rejects with an HTTP answer.
func rejectsInHTTP(s catalogue.Server, v catalogue.Variant) bool {
	switch s.Name + ":" + v.Name {
	case "nginx:444", "nginx:444-reset", "haproxy:reject", "haproxy:silent-drop":
		return false
	}
	return true
}

func TestAnAdmittingServerRejectsItsConnectionsThirdRequest(t *testing.T) {
	eachInstalled(t, func(t *testing.T, s catalogue.Server, v catalogue.Variant) {
		if !s.Admits(v) {
			t.Skip("admits nothing")
		}
		setup := s.Setup(v)
		c := dial(t, overLoopback(t, Program{Command: setup.Command, Setup: &setup}))
		for range 2 {
			if answer := c.get(t, loadgen.AdmittedPath); answer.StatusCode != http.StatusOK || answer.Close {
				t.Errorf("status %s, the connection ends: %v", answer.Status, answer.Close)
			}
		}
		if !rejectsInHTTP(s, v) {
			return
		}
		if answer := c.get(t, "/"); answer.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("status %s", answer.Status)
		}
	})
}

// The program exits with an error once a client has connected.
func TestAServerThatExitsOnceItListensIsACommandError(t *testing.T) {
	path, err := netpath.Open(netpath.Spec{Kind: netpath.Loopback, Congestion: netpath.DefaultCongestion}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer path.Close()
	const script = `import socket, sys; socket.create_server((sys.argv[1], int(sys.argv[2]))).accept(); sys.exit(7)`
	s, err := startServer(t.Context(), path, Program{Command: []string{"python3", "-c", script, "{host}", "{port}"}, ListenTimeout: patience}, nil, ServerSpec{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.kill()
	if _, err := s.counters(); err != nil {
		t.Errorf("while it listens: %v", err)
	}
	dial(t, s.addr)
	<-s.ended
	var program CommandError
	want := fmt.Sprintf("the server python3 ended as soon as it listened on %v: exit status 7", s.addr)
	if _, err := s.counters(); !errors.As(err, &program) || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
