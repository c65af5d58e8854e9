package wire

import (
	"fmt"

	"github.com/rejectbench/rejectbench/results"
)

// Fate returns what happened to the answer of a rejected connection. Every fate
// except results.UnknownFate is proved by the packets. With UnknownFate it returns
// the reason why the ledgers do not decide.
//
// The path knows what it forwarded to the client's end, not what the client's
// kernel kept. Linux keeps everything that was within the window, even after a
// reset. The path cannot see what the program did with it. So results.Read rests on
// the client's report, and requires that the whole answer had arrived.
func (j Joined) Fate() (results.Fate, string) {
	c, a := j.Conn, j.Attempt
	if c == nil {
		return results.UnknownFate, "no packet of the connection was recorded"
	}
	sent, why := j.sentWhole()
	read := a != nil && (a.Outcome.IsDelivered() || a.Outcome == results.BadResponse && c.Answer > 0 && a.Received >= c.Answer)
	arrived := c.AnswerArrived == c.Answer
	if j.Extra.TLS {
		// The bytes that the client did not read, or the server did not send, may be
		// just the close_notify. An answer is longer, so its loss is noticed.
		arrived = c.AnswerArrived > 0 && c.Answer-c.AnswerArrived <= j.tail()
		sent = sent || read && arrived
	}
	switch {
	case why != "":
		return results.UnknownFate, why
	case read && sent && arrived:
		return results.Read, ""
	case read && j.Entry == nil && c.AnswerArrived > 0 && c.InTransit > 0:
		// Other servers may send more to a client that has closed, such as a second
		// answer to an aborted upload.
		return results.Read, ""
	case c.LogFull:
		return results.UnknownFate, "the log of packets was full"
	case c.TooManyGaps:
		return results.UnknownFate, "the answer had too many gaps to follow"
	case read:
		return results.UnknownFate, fmt.Sprintf("the client has the whole answer, but %d bytes of it left the server and %d arrived", c.Answer, c.AnswerArrived)
	case !sent && j.Extra.TLS && a == nil && c.AnswerArrived > 0:
		// A client that closes once it has its answer prevents the close_notify from
		// being sent.
		return results.UnknownFate, "the server never sent the end of the TLS stream, and the client reported nothing"
	case !sent:
		return results.NeverSent, ""
	case !arrived && c.InTransit > 0:
		return results.UnknownFate, "a copy of the answer was still in transit when the path was closed"
	case !arrived:
		return results.LostOnPath, ""
	case a == nil:
		return results.UnknownFate, "the answer arrived, and the client reported nothing"
	}
	return results.ArrivedNotRead, ""
}

// sentWhole reports whether the whole answer left the server. If the server keeps
// a ledger, the whole is what its kernel accepted; otherwise its FIN or reset
// shows where the answer ends.
func (j Joined) sentWhole() (whole bool, doubt string) {
	switch c, e := j.Conn, j.Entry; {
	case e == nil:
		return c.AllSent, ""
	case c.Answer > e.Answer:
		return false, fmt.Sprintf("the server reports %d bytes written, but %d left its end", e.Answer, c.Answer)
	default:
		return e.Answer > 0 && c.Answer >= e.Answer-e.Tail, ""
	}
}

// tail returns how many of the server's last bytes do not belong to its answer.
func (j Joined) tail() int64 {
	if j.Entry == nil {
		return closeNotify
	}
	return j.Entry.Tail
}

// closeNotify is the size in bytes of a close_notify of TLS 1.3: record header,
// two bytes of alert, one of content type, 16 of authentication tag (RFC 8446
// section 5.2).
const closeNotify = 5 + 2 + 1 + 16

// Rejection reports whether the connection was rejected. The server's ledger
// decides. If the server keeps none, the client's outcome decides. If that is
// unknown, too, an answer that left the server counts as a rejection.
func (j Joined) Rejection(serverKeepsLedger bool) bool {
	switch {
	case serverKeepsLedger:
		return j.Entry != nil && j.Entry.Rejected
	case j.Attempt != nil:
		o := j.Attempt.Outcome
		return o != results.Admitted && o != results.Refused && o != results.LocalError
	}
	return j.Conn.Answer > 0
}
