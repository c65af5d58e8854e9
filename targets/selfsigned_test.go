package targets

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"testing"
	"time"
)

func TestASelfSignedCertificateIsTrustedForItsHostsAndNoOther(t *testing.T) {
	cert, key, err := SelfSigned("127.0.0.1", "::1", "localhost")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			io.Copy(io.Discard, c) // makes the handshake
			c.Close()
		}
	}()
	defer func() { listener.Close(); <-done }()
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(cert)
	for host, want := range map[string]bool{"127.0.0.1": true, "::1": true, "localhost": true, "127.0.0.2": false, "example.org": false} {
		d := &net.Dialer{Timeout: patience}
		c, err := tls.DialWithDialer(d, "tcp", listener.Addr().String(), &tls.Config{RootCAs: trusted, ServerName: host})
		if (err == nil) != want {
			t.Errorf("%s: %v, want it trusted: %v", host, err, want)
		}
		if err == nil {
			c.Close()
		}
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(leaf.NotAfter); left < 23*time.Hour || left > 24*time.Hour || leaf.IsCA {
		t.Errorf("valid for %v more, for other certificates: %v", left, leaf.IsCA)
	}
}
