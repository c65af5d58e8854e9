package drivers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// serverTLS is a server's configuration with a certificate that nobody trusts and
// that has no name.
var serverTLS = sync.OnceValue(func() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "rejectbench"}, NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"h2", "http/1.1"}, Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}}
})

// encrypted makes the handshake, reads the request's header and then does the
// rest. What ends the connection is TCP's end.
func encrypted(then func(s *tls.Conn, c *net.TCPConn)) func(c *net.TCPConn) {
	return func(c *net.TCPConn) {
		defer c.Close()
		s := tls.Server(c, serverTLS())
		if s.Handshake() == nil && readHeader(s) {
			then(s, c)
		}
	}
}

// saysEncrypted answers a request that it has read completely: a body may be in a
// separate record, and a close without reading it causes a reset.
func saysEncrypted(text string, notify bool) func(c *net.TCPConn) {
	return func(c *net.TCPConn) {
		defer c.Close()
		s := tls.Server(c, serverTLS())
		if !readRequest(s) {
			return
		}
		_, _ = io.WriteString(s, text)
		if notify {
			_ = s.CloseWrite()
		}
	}
}

var (
	whole503  = fmt.Sprintf(whole, "503 Service Unavailable")
	part503   = strings.Replace(whole503, "full\n", "f", 1)
	resetting = func(_ *tls.Conn, c *net.TCPConn) { _ = c.SetLinger(0) }
)

var tlsEndings = []ending{
	{"a 200 with a close_notify", 0, saysEncrypted(fmt.Sprintf(whole, "200 OK"), true), []results.Outcome{results.Admitted}},
	{"a 503 with a close_notify", 0, saysEncrypted(whole503, true), []results.Outcome{results.Delivered}},
	{"a 503 without one", 0, saysEncrypted(whole503, false), []results.Outcome{results.Delivered}},
	{"an upload, and a 503 with a close_notify", 1000, saysEncrypted(whole503, true), []results.Outcome{results.Delivered}},
	{"a truncated body with a close_notify", 0, saysEncrypted(part503, true), []results.Outcome{results.Truncated}},
	{"a truncated body without one", 0, saysEncrypted(part503, false), []results.Outcome{results.Truncated}},
	{"a silent close with a close_notify", 0, saysEncrypted("", true), []results.Outcome{results.Closed}},
	{"a silent close without one", 0, saysEncrypted("", false), []results.Outcome{results.Closed}},
	{"a reset", 0, encrypted(resetting), []results.Outcome{results.ResetReceive, results.Closed}},
	{"a reset of an upload", 8 << 20, encrypted(resetting), []results.Outcome{results.ResetSend, results.BrokenPipe, results.ResetReceive, results.Closed}},
	{"a reset in the handshake", 0, func(c *net.TCPConn) {
		_, _ = c.Read(make([]byte, 64))
		_ = c.SetLinger(0)
		c.Close()
	}, []results.Outcome{results.ResetReceive}},
	{"the end in the handshake", 0, func(c *net.TCPConn) {
		_, _ = c.Read(make([]byte, 64<<10))
		c.Close()
	}, []results.Outcome{results.Closed}},
	{"no TLS", 0, func(c *net.TCPConn) {
		_, _ = c.Read(make([]byte, 64<<10))
		_, _ = io.WriteString(c, whole503)
		c.Close()
	}, []results.Outcome{results.BadResponse}},
}

// tlsSilence is silence over TLS.
var tlsSilence = ending{"no answer in time", 0, encrypted(func(s *tls.Conn, _ *net.TCPConn) { _, _ = io.Copy(io.Discard, s) }), []results.Outcome{results.TimeoutReceive}}

func TestEveryClientReportsEachTLSEndByItsOutcome(t *testing.T) {
	for _, c := range Clients() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			installed(t, c)
			all := slices.Clone(tlsEndings)
			for i, e := range all {
				// Python's ssl reports a reset that it reads as the end.
				if e.name == "a reset" && !strings.HasPrefix(c.Name, "python-") {
					all[i].want = e.want[:1]
				}
			}
			checkEndings(t, c, "https", all)
		})
	}
}
