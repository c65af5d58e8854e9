package loadgen

import "math"

// The bounds of an answer. An answer above them is bad: a server that never ends its
// answer must not hold the fleet or fill its memory.
const (
	maxAnswerHead = 64 << 10 // bytes of status lines, header fields and trailer fields in all
	maxChunkLine  = 4 << 10  // bytes of one chunk-size line with its extensions
	maxInterim    = 8        // 1xx answers before the final one
)

// answerState says whether an answer is complete.
type answerState uint8

const (
	answerPartial answerState = iota // incomplete, or no byte has arrived
	answerWhole                      // the final answer is complete
	answerBad                        // not a valid answer
)

// answer parses one HTTP/1.x answer (RFC 9112) as its bytes arrive. It stores none
// of them: it has no pointers, allocates nothing and has the same small size
// whatever the server sends. The zero value is ready for the first byte.
//
// It is strict where a lenient parser would accept an answer as complete that
// another client would not. Contradictory framing fields are bad, and so is a
// transfer coding that the request did not allow.
type answer struct {
	left   int64 // remaining bytes of the body or the chunk
	length int64 // Content-Length, when hasLength
	head   int32 // status line and field bytes so far, of maxAnswerHead
	line   int32 // bytes of the chunk-size line so far

	code  uint16 // status code as its digits are read
	final uint16 // status code of the final answer; 0 before the end of its status line
	step  answerStep
	field answerField

	interims uint8
	minor    uint8 // of HTTP/1.minor
	seen     uint8 // bytes seen of the fixed part of a status line, or digits of a number

	hasLength bool
	chunked   bool
	close     bool // Connection: close
	keepAlive bool // Connection: keep-alive
	untilEnd  bool // the body is delimited by the end of the connection

	nameLen uint8
	name    [len("transfer-encoding")]byte // field name or list element, in lower case; see answer.spell
}

// answerStep says which part of an answer the next byte belongs to.
type answerStep uint8

const (
	stepVersion    answerStep = iota // "HTTP/1.x "
	stepCode                         // three digits
	stepReason                       // the rest of the status line
	stepStatusLF                     // LF after the status line's CR
	stepFirstField                   // first byte of the first field line
	stepField                        // first byte of any later field line
	stepName                         // field name
	stepValue                        // field value
	stepValueLF                      // LF after a field line's CR
	stepHeadLF                       // LF after the empty line's CR
	stepBody                         // body of known length
	stepBodyEnd                      // body delimited by the end of the connection
	stepChunkSize                    // first digit of a chunk size, and the others
	stepChunkPad                     // white space between a chunk size and what follows
	stepChunkExt                     // chunk extensions
	stepChunkLF                      // LF after a chunk-size line's CR
	stepChunkData                    // chunk data
	stepChunkCR                      // CR after chunk data
	stepChunkEnd                     // LF after chunk data
	stepTrailer                      // first byte of a trailer field line
	stepTrailerMid                   // the rest of a trailer field line
	stepTrailerLF                    // LF after a trailer field line's CR
	stepTailLF                       // LF after the last empty line's CR
	stepWhole
	stepBad
)

// answerField is the field whose value is parsed.
type answerField uint8

const (
	fieldOther answerField = iota
	fieldContentLength
	fieldTransferEncoding
	fieldConnection
)

// reset prepares the parser for another answer.
func (a *answer) reset() { *a = answer{} }

// status returns the final answer's status code, and 0 before its status line ends.
func (a *answer) status() int { return int(a.final) }

// closes reports whether the connection ends after the answer (RFC 9112 section
// 9.3). The answer must be complete.
func (a *answer) closes() bool {
	return a.close || a.untilEnd || a.minor == 0 && !a.keepAlive
}

// state reports whether the answer is complete or bad.
func (a *answer) state() answerState {
	switch a.step {
	case stepWhole:
		return answerWhole
	case stepBad:
		return answerBad
	}
	return answerPartial
}

// finish records the peer's orderly end of the connection. It completes a body that
// is delimited by that end (RFC 9112 section 8).
func (a *answer) finish() answerState {
	if a.step == stepBodyEnd {
		a.step = stepWhole
	}
	return a.state()
}

// feed parses the next bytes. It ignores bytes after a complete answer. A complete
// or bad answer remains so.
func (a *answer) feed(b []byte) answerState {
	a.take(b)
	return a.state()
}

// take parses the next bytes and returns how many of them belong to the answer.
func (a *answer) take(b []byte) int {
	all := len(b)
	for len(b) > 0 {
		switch a.step {
		case stepWhole, stepBad:
			return all - len(b)
		case stepBodyEnd:
			return all
		case stepBody, stepChunkData:
			n := min(a.left, int64(len(b)))
			a.left -= n
			b = b[n:]
			if a.left == 0 {
				if a.step == stepBody {
					a.step = stepWhole
				} else {
					a.step = stepChunkCR
				}
			}
		default:
			a.step = a.next(b[0])
			b = b[1:]
		}
	}
	return all
}

// next parses one byte outside a body and returns the next step.
func (a *answer) next(c byte) answerStep {
	if a.step >= stepChunkSize && a.step <= stepChunkLF {
		if a.line++; a.line > maxChunkLine {
			return stepBad
		}
		return a.chunkLine(c)
	}
	if a.step == stepChunkCR || a.step == stepChunkEnd {
		return a.chunkEnd(c)
	}
	if a.head++; a.head > maxAnswerHead {
		return stepBad
	}
	if a.step <= stepStatusLF {
		return a.statusLine(c)
	}
	if a.step >= stepTrailer {
		return a.trailer(c)
	}
	return a.fieldLine(c)
}

// statusLine parses a byte of
//
//	HTTP-version SP status-code SP [ reason-phrase ] CRLF
//
// (RFC 9112 section 4). A bare LF also ends a line (section 2.2). If the reason is
// missing, its space may also be missing, as in many servers' answers.
func (a *answer) statusLine(c byte) answerStep {
	const version = "HTTP/1.x "
	switch a.step {
	case stepVersion:
		switch {
		case version[a.seen] == 'x' && (c == '0' || c == '1'):
			a.minor = c - '0'
		case version[a.seen] != c || c == 'x':
			return stepBad
		}
		if a.seen++; int(a.seen) == len(version) {
			a.seen, a.code = 0, 0
			return stepCode
		}
		return stepVersion
	case stepCode:
		if !isDigit(c) {
			return stepBad
		}
		a.code = a.code*10 + uint16(c-'0')
		if a.seen++; a.seen < 3 {
			return stepCode
		}
		a.seen = 0
		if a.code < 100 {
			return stepBad
		}
		return stepReason
	case stepReason:
		// The first byte after the code must end the code; seen is 1 after that byte.
		first := a.seen == 0
		a.seen = 1
		switch {
		case c == '\r':
			return stepStatusLF
		case c == '\n':
			return a.statusLineEnd()
		case first && c != ' ' || !isText(c):
			return stepBad
		}
		return stepReason
	}
	if c != '\n' { // stepStatusLF
		return stepBad
	}
	return a.statusLineEnd()
}

func (a *answer) statusLineEnd() answerStep {
	a.seen = 0
	if a.code >= 200 {
		a.final = a.code
		return stepFirstField
	}
	// 101 answers an Upgrade that was never sent (RFC 9110 section 15.2.2).
	if a.interims++; a.code == 101 || a.interims > maxInterim {
		return stepBad
	}
	return stepFirstField
}

// fieldLine parses a byte of
//
//	*( field-name ":" OWS field-value OWS CRLF ) CRLF
//
// (RFC 9112 section 5). A folded field (section 5.2) continues on the next line, so
// the end of a field is only known at the line after it.
func (a *answer) fieldLine(c byte) answerStep {
	switch a.step {
	case stepFirstField, stepField:
		if a.step == stepField {
			if isSpace(c) {
				return a.value(' ')
			}
			if !a.fieldEnd() {
				return stepBad
			}
		}
		switch {
		case c == '\r':
			return stepHeadLF
		case c == '\n':
			return a.headEnd()
		case !isToken(c):
			return stepBad
		}
		a.nameLen = 0
		a.spell(c)
		return stepName
	case stepName:
		switch {
		case c == ':':
			return a.fieldStart()
		case !isToken(c):
			return stepBad
		}
		a.spell(c)
		return stepName
	case stepValue:
		switch {
		case c == '\r':
			return stepValueLF
		case c == '\n':
			return stepField
		case !isText(c):
			return stepBad
		}
		return a.value(c)
	case stepValueLF:
		if c == '\n' {
			return stepField
		}
	case stepHeadLF:
		if c == '\n' {
			return a.headEnd()
		}
	}
	return stepBad
}

// fieldStart chooses by the field name how to parse the value.
func (a *answer) fieldStart() answerStep {
	a.field = fieldOther
	switch {
	case a.spelt("content-length"):
		a.field = fieldContentLength
	case a.spelt("transfer-encoding"):
		a.field = fieldTransferEncoding
	case a.spelt("connection"):
		a.field = fieldConnection
	}
	// An interim answer has no body, and its fields do not concern the final answer.
	if a.final == 0 {
		a.field = fieldOther
	}
	a.nameLen, a.seen = 0, 0
	return stepValue
}

// value parses one byte of a field's value. The relevant values are lists of short
// elements; a Content-Length may be a list of equal numbers (RFC 9110 section 8.6).
func (a *answer) value(c byte) answerStep {
	if a.field == fieldOther {
		return stepValue
	}
	switch {
	case c == ',':
		if !a.element() {
			return stepBad
		}
		a.nameLen, a.seen = 0, 0
	case isSpace(c):
		if a.nameLen > 0 {
			a.seen = 1 // only a comma may follow
		}
	case a.seen == 1 && a.field != fieldConnection:
		return stepBad // "5 5", "chunked x"
	case a.seen == 1:
		a.nameLen = uint8(len(a.name)) + 1 // "close x" is not "close"
	default:
		a.spell(c)
	}
	return stepValue
}

// fieldEnd ends a field's value and reports whether the value is valid.
func (a *answer) fieldEnd() bool { return a.field == fieldOther || a.element() }

// element processes the list element that ends here, and reports whether it is valid.
func (a *answer) element() bool {
	switch a.field {
	case fieldContentLength:
		n, ok := a.number()
		if !ok || a.hasLength && n != a.length {
			return false
		}
		a.length, a.hasLength = n, true
	case fieldTransferEncoding:
		// The request has no TE field, so the answer may only have chunked, once (RFC
		// 9112 section 6.1). HTTP/1.0 has no transfer codings.
		if !a.spelt("chunked") || a.chunked || a.minor == 0 {
			return false
		}
		a.chunked = true
	case fieldConnection:
		if a.spelt("close") {
			a.close = true
		} else if a.spelt("keep-alive") {
			a.keepAlive = true
		}
	}
	return true
}

// number parses the element as a Content-Length. The 17 bytes of a name suffice for
// every body that a fleet could receive.
func (a *answer) number() (int64, bool) {
	if a.nameLen == 0 || int(a.nameLen) > len(a.name) {
		return 0, false
	}
	var n int64
	for _, c := range a.name[:a.nameLen] {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// headEnd determines the body's framing at the empty line (RFC 9112 section 6.3).
func (a *answer) headEnd() answerStep {
	switch {
	case a.final == 0:
		a.seen = 0
		return stepVersion // the next answer, interim or final
	case a.final == 204 || a.final == 304:
		return stepWhole
	case a.chunked: // overrides Content-Length
		a.left, a.line = 0, 0
		return stepChunkSize
	case !a.hasLength:
		a.untilEnd = true
		return stepBodyEnd
	case a.length == 0:
		return stepWhole
	}
	a.left = a.length
	return stepBody
}

// chunkLine parses a byte of
//
//	chunk-size [ chunk-ext ] CRLF
//
// (RFC 9112 section 7.1). It skips extensions. A bare LF does not end a line here:
// only start lines and fields allow that.
func (a *answer) chunkLine(c byte) answerStep {
	switch a.step {
	case stepChunkSize:
		if d, ok := hexDigit(c); ok {
			if a.left > (math.MaxInt64-15)/16 {
				return stepBad
			}
			a.left = a.left*16 + int64(d)
			a.seen = 1
			return stepChunkSize
		}
		if a.seen == 0 {
			return stepBad
		}
		fallthrough
	case stepChunkPad, stepChunkExt:
		switch {
		case c == '\r':
			return stepChunkLF
		case !isText(c):
			return stepBad
		case a.step == stepChunkExt || c == ';':
			return stepChunkExt
		case isSpace(c):
			return stepChunkPad
		}
		return stepBad
	}
	if c != '\n' { // stepChunkLF
		return stepBad
	}
	return a.chunkStart()
}

func (a *answer) chunkStart() answerStep {
	a.line, a.seen = 0, 0
	if a.left == 0 {
		return stepTrailer
	}
	return stepChunkData
}

// chunkEnd parses the line end after a chunk's data.
func (a *answer) chunkEnd(c byte) answerStep {
	switch {
	case c == '\r' && a.step == stepChunkCR:
		return stepChunkEnd
	case c == '\n' && a.step == stepChunkEnd:
		return stepChunkSize
	}
	return stepBad
}

// trailer parses a byte of the trailer section, including its empty line. It
// ignores the fields (RFC 9112 section 7.1.2).
func (a *answer) trailer(c byte) answerStep {
	switch a.step {
	case stepTrailer, stepTrailerMid:
		switch {
		case c == '\r' && a.step == stepTrailer:
			return stepTailLF
		case c == '\r':
			return stepTrailerLF
		case !isText(c):
			return stepBad
		}
		return stepTrailerMid
	case stepTrailerLF:
		if c == '\n' {
			return stepTrailer
		}
	case stepTailLF:
		if c == '\n' {
			return stepWhole
		}
	}
	return stepBad
}

// spell appends a byte to the name in lower case. A longer name than fits is never
// a relevant one; its nameLen stays at the maximum plus one.
func (a *answer) spell(c byte) {
	if int(a.nameLen) < len(a.name) {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		a.name[a.nameLen] = c
	}
	a.nameLen = min(a.nameLen+1, uint8(len(a.name))+1)
}

// spelt reports whether the name is s.
func (a *answer) spelt(s string) bool {
	return int(a.nameLen) == len(s) && string(a.name[:a.nameLen]) == s
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// isText reports whether c may occur in a reason phrase or a field value: any byte
// except control characters other than tab (RFC 9110 section 5.5).
func isText(c byte) bool { return c >= ' ' && c != 0x7f || c == '\t' }

// isToken reports whether c may occur in a field name (RFC 9110 section 5.6.2).
func isToken(c byte) bool {
	switch {
	case isDigit(c), 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		return true
	}
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return false
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
