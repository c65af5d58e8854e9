package loadgen

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// answerCase is an answer and its expected state, status and framing.
type answerCase struct {
	name   string
	bytes  string
	state  answerState // after the bytes
	ended  answerState // after the orderly end
	status int
	closes bool // looked at when ended is whole
}

const (
	partial = answerPartial
	whole   = answerWhole
	bad     = answerBad
)

var answerCases = []answerCase{
	{"nothing", "", partial, partial, 0, false},
	{"length", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy", whole, whole, 503, false},
	{"length zero", "HTTP/1.1 503 x\r\ncontent-length:0\r\n\r\n", whole, whole, 503, false},
	{"length, close", "HTTP/1.1 503 x\r\nContent-Length: 2\r\nConnection: Close\r\n\r\nno", whole, whole, 503, true},
	{"close in a list", "HTTP/1.1 503 x\r\nConnection: foo , close\r\nContent-Length: 0\r\n\r\n", whole, whole, 503, true},
	{"close in a second field", "HTTP/1.1 503 x\r\nConnection: foo\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", whole, whole, 503, true},
	{"not quite close", "HTTP/1.1 503 x\r\nConnection: closed, close x, clos\r\nContent-Length: 0\r\n\r\n", whole, whole, 503, false},
	{"close in another field", "HTTP/1.1 503 x\r\nX-Connection: close\r\nContent-Length: 0\r\n\r\n", whole, whole, 503, false},
	{"1.0 closes", "HTTP/1.0 503 x\r\nContent-Length: 0\r\n\r\n", whole, whole, 503, true},
	{"1.0 keep-alive", "HTTP/1.0 503 x\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", whole, whole, 503, false},
	{"bytes after the answer", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 garbage\x00", whole, whole, 200, false},
	{"body until the end", "HTTP/1.1 503 x\r\n\r\nas long as it takes", partial, whole, 503, true},
	{"no body until the end", "HTTP/1.0 503 x\r\n\r\n", partial, whole, 503, true},
	{"204 has no body", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", whole, whole, 204, false},
	{"304 has no body", "HTTP/1.1 304 Not Modified\r\n\r\n", whole, whole, 304, false},
	{"no reason", "HTTP/1.1 503 \r\nContent-Length: 0\r\n\r\n", whole, whole, 503, false},
	{"no reason and no space", "HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n", whole, whole, 503, false},
	{"lone line feeds", "HTTP/1.1 503 x\nContent-Length: 1\n\nx", whole, whole, 503, false},
	{"reason beyond ASCII", "HTTP/1.1 503 \tbesch\xe4ftigt\r\nContent-Length: 0\r\n\r\n", whole, whole, 503, false},
	{"unknown status", "HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n", whole, whole, 999, false},

	{"status line cut", "HTTP/1.1 503 Serv", partial, partial, 0, false},
	{"header cut", "HTTP/1.1 503 x\r\nContent-Len", partial, partial, 503, false},
	{"header cut at its empty line", "HTTP/1.1 503 x\r\nContent-Length: 1\r\n\r", partial, partial, 503, false},
	{"body cut", "HTTP/1.1 503 x\r\nContent-Length: 4\r\n\r\nbus", partial, partial, 503, false},

	{"equal lengths", "HTTP/1.1 503 x\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbusy", whole, whole, 503, false},
	{"list of equal lengths", "HTTP/1.1 503 x\r\nContent-Length: 4 , 04\r\n\r\nbusy", whole, whole, 503, false},
	{"folded length", "HTTP/1.1 503 x\r\nContent-Length:\r\n 4\r\n\r\nbusy", whole, whole, 503, false},
	{"folded field", "HTTP/1.1 503 x\r\nX: a\r\n\tb: c\r\nContent-Length: 0\r\n\r\n", whole, whole, 503, false},
	{"unequal lengths", "HTTP/1.1 503 x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n", bad, bad, 503, false},
	{"list of unequal lengths", "HTTP/1.1 503 x\r\nContent-Length: 4, 5\r\n\r\n", bad, bad, 503, false},
	{"empty length", "HTTP/1.1 503 x\r\nContent-Length: \r\n\r\n", bad, bad, 503, false},
	{"length with an empty element", "HTTP/1.1 503 x\r\nContent-Length: 4,\r\n\r\n", bad, bad, 503, false},
	{"negative length", "HTTP/1.1 503 x\r\nContent-Length: -1\r\n\r\n", bad, bad, 503, false},
	{"signed length", "HTTP/1.1 503 x\r\nContent-Length: +1\r\n\r\n", bad, bad, 503, false},
	{"length of two numbers", "HTTP/1.1 503 x\r\nContent-Length: 4 4\r\n\r\n", bad, bad, 503, false},
	{"length folded in two", "HTTP/1.1 503 x\r\nContent-Length: 4\r\n 4\r\n\r\n", bad, bad, 503, false},
	{"length overflows", "HTTP/1.1 503 x\r\nContent-Length: 18446744073709551617\r\n\r\n", bad, bad, 503, false},

	{"chunked", "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n", whole, whole, 503, false},
	{"chunked, close", "HTTP/1.1 503 x\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", whole, whole, 503, true},
	{"chunk extensions", "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n4;a=\"b\"\r\nbusy\r\n00;c\r\n\r\n", whole, whole, 503, false},
	{"space before a chunk extension", "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n4\t ;a\r\nbusy\r\n0 \r\n\r\n", whole, whole, 503, false},
	{"trailers", "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\nContent-Length: 7\r\n\r\n", whole, whole, 503, false},
	{"lone line feed after a chunk size", "HTTP/1.1 503 x\nTransfer-Encoding: chunked\n\n4\n", bad, bad, 503, false},
	{"lone line feed after a chunk", "HTTP/1.1 503 x\nTransfer-Encoding: chunked\n\n4\r\nbusy\n", bad, bad, 503, false},
	{"lone line feed in the trailers", "HTTP/1.1 503 x\nTransfer-Encoding: chunked\n\n0\r\nA: b\n", bad, bad, 503, false},
	{"chunked overrides the length", "HTTP/1.1 503 x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", whole, whole, 503, false},
	{"chunk cut", "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbusy", partial, partial, 503, false},
	{"last chunk missing", "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n", partial, partial, 503, false},
	{"trailer section cut", "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", partial, partial, 503, false},
	{"chunk without a size", "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n;a\r\n", bad, bad, 503, false},
	{"chunk size with a word", "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n4 busy\r\n", bad, bad, 503, false},
	{"chunk longer than its size", "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbusy\r\n", bad, bad, 503, false},
	{"chunk size overflows", "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", bad, bad, 503, false},
	{"chunk-size line without end", "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("a", maxChunkLine), bad, bad, 503, false},
	{"trailers without end", "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("a: b\r\n", maxAnswerHead/6), bad, bad, 503, false},
	{"coding not asked for", "HTTP/1.1 503 x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", bad, bad, 503, false},
	{"chunked twice", "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", bad, bad, 503, false},
	{"1.0 chunked", "HTTP/1.0 503 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", bad, bad, 503, false},

	{"interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", whole, whole, 503, false},
	{"interim alone", "HTTP/1.1 100 Continue\r\n\r\n", partial, partial, 0, false},
	{"interim's fields are its own", "HTTP/1.1 103 Early Hints\r\nConnection: close\r\nContent-Length: 9\r\n\r\nHTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", whole, whole, 503, false},
	{"interims up to the limit", strings.Repeat("HTTP/1.1 102 x\r\n\r\n", maxInterim) + "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n", whole, whole, 200, false},
	{"interims without end", strings.Repeat("HTTP/1.1 102 x\r\n\r\n", maxInterim+1), bad, bad, 0, false},
	{"101", "HTTP/1.1 101 Switching Protocols\r\n\r\n", bad, bad, 0, false},

	{"another protocol", "SSH-2.0-OpenSSH_9.2p1\r\n", bad, bad, 0, false},
	{"no status line", "busy", bad, bad, 0, false},
	{"empty line first", "\r\nHTTP/1.1 503 x\r\n", bad, bad, 0, false},
	{"HTTP/2", "HTTP/2 503\r\n", bad, bad, 0, false},
	{"HTTP/1.2", "HTTP/1.2 503 x\r\n", bad, bad, 0, false},
	{"HTTP/1.x", "HTTP/1.x 503 x\r\n", bad, bad, 0, false},
	{"lower case", "http/1.1 503 x\r\n", bad, bad, 0, false},
	{"two spaces", "HTTP/1.1  503 x\r\n", bad, bad, 0, false},
	{"two digits", "HTTP/1.1 50 x\r\n", bad, bad, 0, false},
	{"four digits", "HTTP/1.1 5030 x\r\n", bad, bad, 0, false},
	{"below 100", "HTTP/1.1 099 x\r\n", bad, bad, 0, false},
	{"control character in the reason", "HTTP/1.1 503 a\x01\r\n", bad, bad, 0, false},
	{"lone carriage return in the reason", "HTTP/1.1 503 a\rb\r\n", bad, bad, 0, false},
	{"space before the colon", "HTTP/1.1 503 x\r\nContent-Length : 0\r\n\r\n", bad, bad, 503, false},
	{"space before the first field", "HTTP/1.1 503 x\r\n Content-Length: 0\r\n\r\n", bad, bad, 503, false},
	{"field without a name", "HTTP/1.1 503 x\r\n: 0\r\n\r\n", bad, bad, 503, false},
	{"field without a colon", "HTTP/1.1 503 x\r\nbusy\r\n\r\n", bad, bad, 503, false},
	{"control character in a value", "HTTP/1.1 503 x\r\nA: \x00\r\n\r\n", bad, bad, 503, false},
	{"lone carriage return in a value", "HTTP/1.1 503 x\r\nA: b\rc\r\n\r\n", bad, bad, 503, false},
	{"header without end", "HTTP/1.1 503 x\r\n" + strings.Repeat("a: b\r\n", maxAnswerHead/6), bad, bad, 503, false},
	{"field without end", "HTTP/1.1 503 x\r\nA: " + strings.Repeat("b", maxAnswerHead), bad, bad, 503, false},
	{"name without end", "HTTP/1.1 503 x\r\n" + strings.Repeat("b", maxAnswerHead), bad, bad, 503, false},
}

func TestAnswer(t *testing.T) {
	for _, c := range answerCases {
		t.Run(c.name, func(t *testing.T) {
			var a answer
			if got := a.feed([]byte(c.bytes)); got != c.state {
				t.Errorf("state %d, want %d", got, c.state)
			}
			if got := a.status(); got != c.status {
				t.Errorf("status %d, want %d", got, c.status)
			}
			if got := a.finish(); got != c.ended {
				t.Errorf("state %d after the end, want %d", got, c.ended)
			}
			if got := a.closes(); c.ended == answerWhole && got != c.closes {
				t.Errorf("closes %v, want %v", got, c.closes)
			}
			a.reset()
			if a != (answer{}) {
				t.Error("reset left something behind")
			}
		})
	}
}

func TestAnswerIsSmallAndAllocatesNothing(t *testing.T) {
	if size := unsafe.Sizeof(answer{}); size > 64 {
		t.Errorf("an answer takes %d bytes, want at most a cache line", size)
	}
	for _, c := range answerCases {
		b := []byte(c.bytes)
		var a answer
		if n := testing.AllocsPerRun(10, func() { a.reset(); a.feed(b); a.finish() }); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}

// validAnswer draws a complete answer, and whether only the end completes it.
func validAnswer(t *rapid.T) (b []byte, status int, closes, untilEnd bool) {
	eol := rapid.SampledFrom([]string{"\r\n", "\n"})
	token := rapid.StringMatching(`[A-Za-z][A-Za-z0-9!#$%&'*+.^_|~-]{0,20}`)
	text := rapid.StringMatching(`([!-~][ -~\t]{0,40})?`)
	fields := func(ends ...string) (s string) {
		for range rapid.IntRange(0, 4).Draw(t, "fields") {
			s += "X-" + token.Draw(t, "name") + ":" + text.Draw(t, "value") + rapid.SampledFrom(ends).Draw(t, "end")
		}
		return s
	}
	var s strings.Builder
	for range rapid.IntRange(0, maxInterim).Draw(t, "interims") {
		s.WriteString("HTTP/1.1 103 Early Hints" + eol.Draw(t, "eol") + fields("\r\n", "\n") + eol.Draw(t, "eol"))
	}
	minor := rapid.IntRange(0, 1).Draw(t, "minor")
	status = rapid.SampledFrom([]int{200, 204, 304, 404, 503, 599}).Draw(t, "status")
	fmt.Fprintf(&s, "HTTP/1.%d %d %s%s", minor, status, text.Draw(t, "reason"), eol.Draw(t, "eol"))
	s.WriteString(fields("\r\n", "\n"))
	connection := rapid.SampledFrom([]string{"", "close", "keep-alive", "upgrade, CLOSE"}).Draw(t, "connection")
	if connection != "" {
		s.WriteString("connection: " + connection + eol.Draw(t, "eol"))
	}
	closes = strings.HasSuffix(strings.ToLower(connection), "close") || minor == 0 && connection != "keep-alive"
	body := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "body")
	framings := []string{"length", "end"}
	if minor == 1 {
		framings = append(framings, "chunked")
	}
	bodiless := status == 204 || status == 304
	switch rapid.SampledFrom(framings).Draw(t, "framing") {
	case "length":
		fmt.Fprintf(&s, "Content-Length: %d%s", len(body), eol.Draw(t, "eol"))
		s.WriteString(fields("\r\n", "\n") + eol.Draw(t, "eol"))
		if !bodiless {
			s.Write(body)
		}
	case "end":
		s.WriteString(eol.Draw(t, "eol"))
		if !bodiless {
			s.Write(body)
			closes, untilEnd = true, true
		}
	case "chunked":
		s.WriteString("Transfer-Encoding: chunked" + eol.Draw(t, "eol") + fields("\r\n", "\n") + eol.Draw(t, "eol"))
		if bodiless {
			break
		}
		for len(body) > 0 {
			n := rapid.IntRange(1, len(body)).Draw(t, "chunk")
			fmt.Fprintf(&s, "%x%s\r\n%s\r\n", n, rapid.SampledFrom([]string{"", ";a=b", "; c"}).Draw(t, "extension"), body[:n])
			body = body[n:]
		}
		s.WriteString("0\r\n" + fields("\r\n") + "\r\n")
	}
	return []byte(s.String()), status, closes, untilEnd
}

func TestAnswerIsTheSameForEverySplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, status, closes, untilEnd := validAnswer(t)
		var at, pieces answer
		at.feed(b)
		if (at.state() == answerWhole) == untilEnd {
			t.Fatalf("state %d after %q", at.state(), b)
		}
		for rest := b; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			state := pieces.feed(rest[:n])
			rest = rest[n:]
			if state == answerBad || state == answerWhole && len(rest) > 0 {
				t.Fatalf("state %d with %d bytes to come of %q", state, len(rest), b)
			}
		}
		if at != pieces {
			t.Fatalf("at once %+v, in pieces %+v", at, pieces)
		}
		if at.finish() != answerWhole || at.status() != status || at.closes() != closes {
			t.Fatalf("%q: state %d status %d closes %v, want whole %d %v", b, at.state(), at.status(), at.closes(), status, closes)
		}
	})
}

// byNetHTTP reads an answer with net/http and skips interim answers.
func byNetHTTP(s string) (status int, closes, ok bool) {
	br := bufio.NewReader(strings.NewReader(s))
	for range maxInterim + 1 {
		resp, err := http.ReadResponse(br, nil)
		if err != nil {
			return 0, false, false
		}
		if resp.StatusCode >= 100 && resp.StatusCode < 200 {
			continue
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return 0, false, false
		}
		return resp.StatusCode, resp.Close, true
	}
	return 0, false, false
}

func FuzzAnswer(f *testing.F) {
	for _, c := range answerCases {
		f.Add([]byte(c.bytes))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var at, bytewise answer
		at.feed(b)
		before, status := answerPartial, 0
		for i := range b {
			state := bytewise.feed(b[i : i+1])
			if before != answerPartial && state != before {
				t.Fatalf("state %d became %d at byte %d", before, state, i)
			}
			if status != 0 && bytewise.status() != status {
				t.Fatalf("status %d became %d at byte %d", status, bytewise.status(), i)
			}
			before, status = state, bytewise.status()
		}
		if at != bytewise {
			t.Fatalf("at once %+v, byte by byte %+v", at, bytewise)
		}
		if at.finish() != bytewise.finish() || at != bytewise {
			t.Fatal("the end makes a difference")
		}
		if at.state() != answerWhole {
			return
		}
		if at.status() < 200 {
			t.Fatalf("whole with status %d", at.status())
		}
		if status, closes, ok := byNetHTTP(string(b)); ok && (status != at.status() || closes != at.closes()) {
			t.Fatalf("net/http reads status %d closes %v; this parser %d %v", status, closes, at.status(), at.closes())
		}
	})
}

// A parser that accepted an answer as complete before net/http does, or read another
// status, would count lost rejections as delivered.
func TestAnswerAgreesWithNetHTTP(t *testing.T) {
	// RFC 9110 and 9112 allow these, but net/http does not read them.
	beyond := []string{"list of equal lengths", "space before a chunk extension"}
	for _, c := range answerCases {
		if c.ended != answerWhole {
			continue
		}
		status, closes, ok := byNetHTTP(c.bytes)
		if ok == slices.Contains(beyond, c.name) {
			t.Fatalf("%s: net/http reads it: %v", c.name, ok)
		}
		if ok && (status != c.status || closes != c.closes) {
			t.Fatalf("%s: net/http reads status %d closes %v", c.name, status, closes)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		b, status, closes, _ := validAnswer(t)
		s, c, ok := byNetHTTP(string(b))
		if !ok || s != status || c != closes {
			t.Fatalf("%q: net/http reads status %d closes %v ok %v, want %d %v", b, s, c, ok, status, closes)
		}
	})
}

// Every proper prefix of an answer with a known length is partial, so that an answer
// truncated by a reset never counts as delivered.
func TestATruncatedAnswerIsNotComplete(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, _, _, untilEnd := validAnswer(t)
		if untilEnd {
			t.Skip("only the end delimits it")
		}
		var a answer
		a.feed(b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")])
		if a.finish() == answerWhole {
			t.Fatalf("a part of %q is whole", b)
		}
	})
}

func TestAnAnswerTakesNoBytesAfterItsEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, _, _, untilEnd := validAnswer(t)
		behind := rapid.SliceOf(rapid.Byte()).Draw(t, "behind")
		all := append(b[:len(b):len(b)], behind...)
		want := len(b)
		if untilEnd {
			want = len(all)
		}
		var a answer
		took := 0
		for took < len(all) {
			piece := all[took:]
			piece = piece[:rapid.IntRange(1, len(piece)).Draw(t, "piece")]
			n := a.take(piece)
			took += n
			if n < len(piece) {
				break
			}
		}
		if took != want || a.take(all) != 0 && !untilEnd {
			t.Errorf("%d bytes of %q and %q were taken, want %d", took, b, behind, want)
		}
	})
}
