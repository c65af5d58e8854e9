package targets

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"time"
)

// Sizes of TLS 1.3 on the wire in bytes (RFC 8446 5.1, 5.2): the header of a
// record, the longest plaintext of a record, and an encrypted alert such as
// close_notify. An alert has two bytes, one of content type and 16 of
// authentication tag.
const (
	recordHeader = 5
	recordText   = 1 << 14
	alertLength  = 2 + 1 + 16
	alertRecord  = recordHeader + alertLength
)

// tlsConfig returns a configuration for HTTP/1.1 in TLS 1.3 only, so that every
// client has the same handshake. It disables session tickets: no connection is
// ever resumed, and a client that leaves a ticket unread could reset for it.
func tlsConfig(hosts ...string) (*tls.Config, error) {
	cert, key, err := SelfSigned(hosts...)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("load the certificate just made: %w", err)
	}
	return &tls.Config{
		Certificates:           []tls.Certificate{pair},
		MinVersion:             tls.VersionTLS13,
		MaxVersion:             tls.VersionTLS13,
		NextProtos:             []string{"http/1.1"},
		SessionTicketsDisabled: true,
	}, nil
}

// tlsConn is a connection over TLS as a strategy uses it. Write encrypts and Read
// decrypts; all other calls act on the socket.
//
// Without a close_notify a client cannot know that an answer is complete: an
// attacker may have truncated the stream (RFC 8446 6.1). An HTTP client may still
// accept an answer that has all Content-Length bytes (RFC 9112 9.8). So every
// strategy sends close_notify, as TLS libraries do for servers: with the
// half-close if the strategy has one, with the close otherwise (crypto/tls
// Conn.Close, SSL_shutdown). The exception is linger-zero, because a server that
// resets sends no close_notify (nginx ngx_ssl_shutdown, where c->timedout sets
// SSL_set_quiet_shutdown). Its answer always ends in a truncated stream.
type tlsConn struct {
	*conn
	tls *tls.Conn
	// Only the goroutine that serves the connection reads and writes these.
	halfClosed bool // close_notify and FIN were sent
	quiet      bool // Close sends no close_notify
}

var _ tcpConn = (*tlsConn)(nil)

// Read decrypts. After the half-close it reads the socket without decryption:
// the strategy discards the data, and decryption costs CPU time. nginx lingers in
// the same way, on the socket after ngx_ssl_shutdown
// (ngx_http_lingering_close_handler).
func (c *tlsConn) Read(p []byte) (int, error) {
	if c.halfClosed {
		return c.conn.Read(p)
	}
	return c.tls.Read(p)
}

func (c *tlsConn) Write(p []byte) (int, error) { return c.tls.Write(p) }

// CloseWrite sends close_notify and half-closes the TCP connection. CloseWrite of
// crypto/tls sends only close_notify.
func (c *tlsConn) CloseWrite() error {
	if err := c.tls.CloseWrite(); err != nil {
		return err
	}
	c.halfClosed = true
	return c.conn.CloseWrite()
}

// SetLinger with 0 also makes Close omit the close_notify.
func (c *tlsConn) SetLinger(sec int) error {
	c.quiet = sec == 0
	return c.conn.SetLinger(sec)
}

// Close sends close_notify, unless it was sent or SetLinger(0) omits it, and
// closes the connection.
func (c *tlsConn) Close() error {
	if c.halfClosed || c.quiet {
		return c.conn.Close()
	}
	return c.tls.Close()
}

// open returns the connection for the strategy: c itself, or a TLS connection
// after its handshake. The caller must also close the connection that open
// returns with an error.
func (s *Server) open(c *conn) (tcpConn, error) {
	if s.tls == nil {
		return c, nil
	}
	t := &tlsConn{conn: c, tls: tls.Server(&records{conn: c}, s.tls)}
	if err := c.SetDeadline(time.Now().Add(s.config.Bounds.HeaderTimeout)); err != nil {
		return t, err
	}
	if err := t.tls.Handshake(); err != nil {
		s.log.Debug("handshake failed", "peer", c.RemoteAddr(), "err", err)
		return t, errHandshake
	}
	return t, c.SetDeadline(time.Time{})
}

// records is a socket whose reads never pass the end of a TLS record. A request
// that arrives together with the end of the handshake therefore stays in the
// kernel until the strategy reads it; a strategy that does not read it resets, as
// it does without TLS. OpenSSL reads in the same way by default
// (SSL_CTX_set_read_ahead is off); crypto/tls would read all available bytes.
type records struct {
	*conn
	header [recordHeader]byte
	have   int // bytes of the header
	left   int // bytes of the record after it
}

func (r *records) Read(p []byte) (int, error) {
	if r.left > 0 {
		n, err := r.conn.Read(p[:min(len(p), r.left)])
		r.left -= n
		return n, err
	}
	n, err := r.conn.Read(p[:min(len(p), recordHeader-r.have)])
	r.have += copy(r.header[r.have:], p[:n])
	if r.have == recordHeader {
		r.have, r.left = 0, recordLength(r.header)
	}
	return n, err
}

// recordLength returns the number of bytes after a record's header.
func recordLength(header [recordHeader]byte) int {
	return int(binary.BigEndian.Uint16(header[recordHeader-2:]))
}
