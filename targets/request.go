package targets

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"time"
)

// headerStep is the size of one read of the header, in bytes. At most as much of
// the body is read together with the header. net/http and many other servers also
// read 4 KiB.
const headerStep = 4096

// expectation is what the server does for a client that sent Expect: 100-continue
// and waits before it sends its body (RFC 9110 10.1.1).
type expectation bool

const (
	answerExpectation  expectation = false // the final answer, without reading the body
	proceedExpectation expectation = true  // 100 Continue, then the body is read
)

var continueBytes = []byte("HTTP/1.1 100 Continue\r\n\r\n")

// readHeader reads a request to the end of its header.
func readHeader(c tcpConn, b Bounds) error {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	_, _, err := scanHeader(c, b, buf)
	return err
}

// readRequest reads and discards a whole request and the bytes read after it.
func readRequest(c tcpConn, b Bounds, e expectation) error {
	_, err := readOne(c, b, e)
	return err
}

// readOne reads and discards a whole request. surplus is the number of bytes that
// were read after its end; all of them are from the last read.
func readOne(c tcpConn, b Bounds, e expectation) (surplus int, err error) {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	header, rest, err := scanHeader(c, b, buf)
	if err != nil {
		return 0, err
	}
	f, err := parseHeader(header)
	if err != nil {
		return 0, err
	}
	if f.expects && len(rest) == 0 {
		if e == answerExpectation {
			return 0, nil
		}
		if _, err := c.Write(continueBytes); err != nil {
			return 0, err
		}
	}
	if err := c.SetReadDeadline(time.Now().Add(b.BodyTimeout)); err != nil {
		return 0, err
	}
	for {
		surplus, done, err := f.feed(rest)
		if done || err != nil {
			return surplus, err
		}
		n, err := c.Read(buf[:])
		if err != nil {
			return 0, readError(err, errBodyTimeout)
		}
		rest = buf[:n]
	}
}

// scanHeader reads until the header is complete. It returns the header and the
// bytes after it, both as slices of buf.
func scanHeader(c tcpConn, b Bounds, buf *[bufferSize]byte) (header, rest []byte, err error) {
	if err := c.SetReadDeadline(time.Now().Add(b.HeaderTimeout)); err != nil {
		return nil, nil, err
	}
	for n := 0; n < len(buf); {
		k, err := c.Read(buf[n:min(n+headerStep, len(buf))])
		if err != nil {
			return nil, nil, readError(err, errHeaderTimeout)
		}
		// The end may span two reads, in at most the three bytes "\n\r\n".
		from := max(0, n-2)
		n += k
		if end := headerEnd(buf[:n], from); end > 0 {
			return buf[:end], buf[end:n], nil
		}
	}
	return nil, nil, errHeaderLimit
}

// readError maps an error within a request to the reason it stands for.
func readError(err, timeout error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return timeout
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}

// headerEnd returns the offset after the header in p, or 0 if the header is
// incomplete. It searches from the offset from on. It skips line ends before the
// request line, and a bare LF ends a line (RFC 9112 2.2).
func headerEnd(p []byte, from int) int {
	start := len(p) - len(bytes.TrimLeft(p, "\r\n"))
	for i := max(from, start); i < len(p); i++ {
		if p[i] != '\n' {
			continue
		}
		switch after := p[i+1:]; {
		case len(after) > 0 && after[0] == '\n':
			return i + 2
		case len(after) > 1 && after[0] == '\r' && after[1] == '\n':
			return i + 3
		}
	}
	return 0
}

// framing finds the end of a request's body as its bytes arrive.
type framing struct {
	expects bool // the client waits for 100 Continue
	length  int64
	chunked bool
	chunk   chunkState
	digits  int
	empty   bool // the trailer line has no bytes so far
}

// parseHeader returns the body's framing (RFC 9112 6.3) from a complete header.
func parseHeader(header []byte) (framing, error) {
	f := framing{}
	request, fields, _ := bytes.Cut(bytes.TrimLeft(header, "\r\n"), []byte("\n"))
	words := bytes.Fields(request)
	if len(words) != 3 || len(words[2]) != len("HTTP/1.1") || !bytes.HasPrefix(words[2], []byte("HTTP/1.")) {
		return f, errBadRequest
	}
	http10 := bytes.HasSuffix(words[2], []byte(".0"))
	sized := false
	for line := range bytes.Lines(fields) {
		name, value, found := bytes.Cut(line, []byte(":"))
		if value = bytes.TrimSpace(value); !found {
			continue
		}
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			n, err := strconv.ParseUint(string(value), 10, 63)
			if err != nil || sized && int64(n) != f.length {
				return f, errBadRequest
			}
			f.length, sized = int64(n), true
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			if !bytes.EqualFold(value, []byte("chunked")) {
				return f, errBadRequest
			}
			f.chunked = true
		case bytes.EqualFold(name, []byte("Expect")):
			f.expects = bytes.EqualFold(value, []byte("100-continue"))
		}
	}
	// HTTP/1.0 has no Expect, and a client without a body has nothing to wait with.
	f.expects = f.expects && (f.chunked || f.length > 0) && !http10
	if f.chunked {
		f.length = 0
	}
	return f, nil
}

// chunkState says which part of a chunked body the next byte belongs to.
type chunkState int

const (
	chunkSize      chunkState = iota // the size's digits
	chunkExtension                   // the rest of the size line
	chunkData                        // f.length bytes
	chunkDataEnd                     // the line end after them
	chunkTrailer                     // field lines, up to an empty one
)

// maxChunkDigits bounds a chunk's size, which must fit into an int64.
const maxChunkDigits = 15

// feed consumes the next bytes of the body. It reports whether the body is
// complete, and surplus is the number of bytes after its end.
func (f *framing) feed(p []byte) (surplus int, done bool, err error) {
	if !f.chunked {
		n := min(f.length, int64(len(p)))
		f.length -= n
		return len(p) - int(n), f.length == 0, nil
	}
	for len(p) > 0 {
		if f.chunk == chunkData {
			n := min(f.length, int64(len(p)))
			f.length -= n
			p = p[n:]
			if f.length == 0 {
				f.chunk = chunkDataEnd
			}
			continue
		}
		c := p[0]
		p = p[1:]
		switch f.chunk {
		case chunkSize:
			done, err = false, f.sizeByte(c)
		case chunkExtension:
			f.sizeLineByte(c)
		case chunkDataEnd:
			err = f.dataEndByte(c)
		case chunkTrailer:
			done = f.trailerByte(c)
		}
		if done || err != nil {
			return len(p), done, err
		}
	}
	return 0, false, nil
}

func (f *framing) sizeByte(c byte) error {
	digit, err := strconv.ParseUint(string(c), 16, 4)
	if err == nil && f.digits < maxChunkDigits {
		f.length = f.length<<4 | int64(digit)
		f.digits++
		return nil
	}
	if f.digits == 0 || bytes.IndexByte([]byte("; \t\r\n"), c) < 0 {
		return errBadRequest
	}
	f.sizeLineByte(c)
	return nil
}

func (f *framing) sizeLineByte(c byte) {
	f.chunk = chunkExtension
	if c != '\n' {
		return
	}
	f.digits = 0
	f.chunk = chunkData
	if f.length == 0 {
		f.chunk, f.empty = chunkTrailer, true
	}
}

func (f *framing) dataEndByte(c byte) error {
	switch c {
	case '\r':
		return nil
	case '\n':
		f.chunk = chunkSize
		return nil
	}
	return errBadRequest
}

func (f *framing) trailerByte(c byte) (done bool) {
	switch c {
	case '\n':
		done, f.empty = f.empty, true
		return done
	case '\r':
	default:
		f.empty = false
	}
	return false
}
