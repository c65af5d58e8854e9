package targets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// script is a tcpConn whose peer sends given pieces, one per read, and then closes its side.
type script struct {
	tcpConn // nil: what is not defined here is not called
	pieces  [][]byte
	wrote   bytes.Buffer
}

func (s *script) SetReadDeadline(time.Time) error { return nil }
func (s *script) Write(p []byte) (int, error)     { return s.wrote.Write(p) }
func (s *script) Read(p []byte) (n int, err error) {
	for len(s.pieces) > 0 && len(s.pieces[0]) == 0 {
		s.pieces = s.pieces[1:]
	}
	if len(s.pieces) == 0 {
		return 0, io.EOF
	}
	n = copy(p, s.pieces[0])
	s.pieces[0] = s.pieces[0][n:]
	return n, nil
}

// left returns the bytes that were not read.
func (s *script) left() int { return len(bytes.Join(s.pieces, nil)) }

func split(p []byte, size int) (pieces [][]byte) {
	for len(p) > 0 {
		n := min(size, len(p))
		pieces = append(pieces, bytes.Clone(p[:n]))
		p = p[n:]
	}
	return pieces
}

func drawRequest(t *rapid.T) string {
	eol := rapid.SampledFrom([]string{"\r\n", "\n"}).Draw(t, "line end")
	var b strings.Builder
	b.WriteString(strings.Repeat(eol, rapid.IntRange(0, 2).Draw(t, "empty lines first")))
	b.WriteString("POST /x HTTP/1.1" + eol)
	for i := range rapid.IntRange(0, 5).Draw(t, "fields") {
		fmt.Fprintf(&b, "X-%d: %s%s", i, rapid.StringMatching(`[ -~]{0,40}`).Draw(t, "value"), eol)
	}
	body := rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(t, "body")
	if !rapid.Bool().Draw(t, "chunked") {
		fmt.Fprintf(&b, "content-length:%d%s%s%s", len(body), eol, eol, body)
		return b.String()
	}
	b.WriteString("Transfer-Encoding: Chunked" + eol + eol)
	for len(body) > 0 {
		n := rapid.IntRange(1, len(body)).Draw(t, "chunk")
		fmt.Fprintf(&b, rapid.SampledFrom([]string{"%x", "%X", "00%x", "%x;a=b", "%x ; a=\"b\""}).Draw(t, "size"), n)
		b.WriteString(eol + string(body[:n]) + eol)
		body = body[n:]
	}
	b.WriteString("0" + eol)
	for range rapid.IntRange(0, 2).Draw(t, "trailers") {
		b.WriteString("T: " + rapid.StringMatching(`[ -~]{0,10}`).Draw(t, "trailer") + eol)
	}
	b.WriteString(eol)
	return b.String()
}

func TestARequestIsCompleteAtItsLastByteForEverySplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		request := []byte(drawRequest(t))
		cut := func(p []byte) (pieces [][]byte) {
			for len(p) > 0 {
				n := rapid.IntRange(1, len(p)).Draw(t, "piece")
				pieces = append(pieces, bytes.Clone(p[:n]))
				p = p[n:]
			}
			return pieces
		}
		c := &script{pieces: cut(request)}
		if err := readRequest(c, Bounds{}, answerExpectation); err != nil || c.left() != 0 {
			t.Fatalf("whole request: %v, %d bytes left", err, c.left())
		}
		short := request[:rapid.IntRange(0, len(request)-1).Draw(t, "cut at")]
		c = &script{pieces: cut(short)}
		if err := readRequest(c, Bounds{}, answerExpectation); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("first %d of %d bytes: %v", len(short), len(request), err)
		}
	})
}

func FuzzReadRequest(f *testing.F) {
	f.Add([]byte(get()))
	f.Add([]byte(post("hello", "Expect: 100-continue\r\n")))
	f.Add([]byte("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nA: b\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"))
	f.Add([]byte("\n\r\n\nGET / HTTP/1.0\n\n"))
	f.Fuzz(func(t *testing.T, request []byte) {
		whole := readRequest(&script{pieces: [][]byte{bytes.Clone(request)}}, Bounds{}, proceedExpectation)
		bytewise := readRequest(&script{pieces: split(request, 1)}, Bounds{}, proceedExpectation)
		if endReasonOf(whole) != endReasonOf(bytewise) {
			t.Errorf("in one piece: %v; byte by byte: %v", whole, bytewise)
		}
	})
}

func TestAnExpectationNeedsABodyAndHTTP11(t *testing.T) {
	for header, want := range map[string]bool{
		"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n":          true,
		"POST / HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n": true,
		"POST / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n":                               false,
		"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n":          false,
		"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n":                                  false,
	} {
		if f, err := parseHeader([]byte(header)); err != nil || f.expects != want {
			t.Errorf("%q: expects %v, %v", header, f.expects, err)
		}
	}
}

func TestReadHeaderReadsAtMostOneStepPastTheHeader(t *testing.T) {
	header := post("")
	c := &script{pieces: [][]byte{append([]byte(header), make([]byte, 100_000)...)}}
	if err := readHeader(c, Bounds{}); err != nil {
		t.Fatal(err)
	}
	if read := len(header) + 100_000 - c.left(); read != headerStep {
		t.Errorf("read %d, want %d", read, headerStep)
	}
}

func TestARequestSentByteByByteIsAnsweredWhenComplete(t *testing.T) {
	for _, strategy := range []string{"read-header", "read-request"} {
		t.Run(strategy, func(t *testing.T) {
			request := post("hi")
			e := reject(t, strategy, Bounds{}, func(c *net.TCPConn) {
				c.SetNoDelay(true)
				for i := range len(request) - 2 {
					send(t, c, request[i:i+1])
				}
				send(t, c, request[len(request)-2:])
				if got := status(t, c); got != 503 {
					t.Errorf("status %d", got)
				}
			})
			if e.End != endClosed || e.Read < int64(len(request)-2) {
				t.Errorf("%+v", e)
			}
		})
	}
}
