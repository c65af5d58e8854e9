package targets

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"time"
)

// Sizes of TLS 1.3 on the wire (RFC 8446 5.1, 5.2): the header of a record, the
// longest text in one, and an encrypted alert, such as close_notify: two bytes of
// it, one of content type and 16 of authentication.
const (
	recordHeader = 5
	recordText   = 1 << 14
	alertLength  = 2 + 1 + 16
	alertRecord  = recordHeader + alertLength
)

// tlsConfig returns what the server speaks: HTTP/1.1 in TLS 1.3, and nothing
// else, so that every client has the same handshake. There are no session
// tickets: no connection is ever resumed, and a ticket would be data of the
// server's own, after the handshake, that a client may leave unread and reset for.
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

// tlsConn is a connection behind TLS, as a strategy has it: Write encrypts, Read
// decrypts, and what the strategy asks of the socket, it asks of the socket.
//
// An answer without a close_notify after it is not known to be whole: that a
// stream ended there may be an attacker's doing (RFC 8446 6.1, truncation). An HTTP
// client that has Content-Length bytes may take the answer as whole all the same
// (RFC 9112 9.8). So every strategy sends close_notify, as what closes TLS
// connections for a server does: with the half-close where there is one, with the
// close otherwise (crypto/tls Conn.Close, SSL_shutdown). The exception is
// linger-zero, whose reset is to leave at once what the answer needs for itself: a
// server that resets keeps quiet (nginx ngx_ssl_shutdown, where c->timedout sets
// SSL_set_quiet_shutdown), and so its answer always ends in a truncated stream.
type tlsConn struct {
	*conn
	tls *tls.Conn
	// Only the goroutine that serves the connection reads and writes these.
	halfClosed bool // close_notify and FIN were sent
	quiet      bool // no close_notify at the close
}

var _ tcpConn = (*tlsConn)(nil)

// Read decrypts. After the half-close it takes bytes from the socket and leaves
// them as they are: nobody will look at the text any more, and decrypting it costs
// CPU time. nginx lingers so, on the socket after ngx_ssl_shutdown
// (ngx_http_lingering_close_handler).
func (c *tlsConn) Read(p []byte) (int, error) {
	if c.halfClosed {
		return c.conn.Read(p)
	}
	return c.tls.Read(p)
}

func (c *tlsConn) Write(p []byte) (int, error) { return c.tls.Write(p) }

// CloseWrite sends close_notify and half-closes the TCP connection. crypto/tls
// alone would do the first and leave the second out.
func (c *tlsConn) CloseWrite() error {
	if err := c.tls.CloseWrite(); err != nil {
		return err
	}
	c.halfClosed = true
	return c.conn.CloseWrite()
}

// SetLinger with 0 also does without the close_notify at the close.
func (c *tlsConn) SetLinger(sec int) error {
	c.quiet = sec == 0
	return c.conn.SetLinger(sec)
}

// Close sends close_notify, if that was not done and is to be done, and closes.
func (c *tlsConn) Close() error {
	if c.halfClosed || c.quiet {
		return c.conn.Close()
	}
	return c.tls.Close()
}

// open returns the connection as a strategy is to have it: as it is, or behind
// TLS once the handshake has been made. Where that fails, what is returned is
// still to be closed.
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

// records is a socket that is read by records of TLS: never past the end of one.
// A request that arrives with the handshake's last bytes so stays in the kernel
// until the strategy reads it, and makes a strategy that does not read it reset, as
// it does without TLS. OpenSSL reads so as well unless it is told otherwise
// (SSL_CTX_set_read_ahead, off by default); crypto/tls would take what is there.
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

// recordLength is how much follows a record's header.
func recordLength(header [recordHeader]byte) int {
	return int(binary.BigEndian.Uint16(header[recordHeader-2:]))
}
