package wire

import (
	"fmt"

	"github.com/rejectbench/rejectbench/results"
)

// Explain says what became of a rejection's answer. Every fate but
// results.UnknownFate is borne out by the packets; with UnknownFate comes the
// reason why the ledgers do not tell.
//
// The path tells what it handed to the client's end, not what the client's
// kernel kept: on Linux that is everything that was within the window, also
// after a reset. It cannot see what a program did with it, so Read is the
// client's own word, accepted only if all of the answer had arrived.
func (j Joined) Fate() (results.Fate, string) {
	c, a := j.Conn, j.Attempt
	if c == nil {
		return results.UnknownFate, "no packet of the connection is on record"
	}
	sent, why := j.sentWhole()
	read := a != nil && (a.Outcome.IsDelivered() || a.Outcome == results.BadResponse && c.Answer > 0 && a.Received >= c.Answer)
	arrived := c.AnswerArrived == c.Answer
	if j.Extra.TLS {
		// What a client leaves unread, or the server unsent, may be the stream's end
		// alone. An answer is longer than that end, so a lost one shows.
		arrived = c.AnswerArrived > 0 && c.Answer-c.AnswerArrived <= j.tail()
		sent = sent || read && arrived
	}
	switch {
	case why != "":
		return results.UnknownFate, why
	case read && sent && arrived:
		return results.Read, ""
	case read && j.Entry == nil && c.AnswerArrived > 0 && c.InTransit > 0:
		// A server of another's may say more to a client that has left, such as a
		// second answer to an upload that was broken off.
		return results.Read, ""
	case c.LogFull:
		return results.UnknownFate, "the record of packets was full"
	case c.TooManyGaps:
		return results.UnknownFate, "the answer had too many gaps to follow"
	case read:
		return results.UnknownFate, fmt.Sprintf("the client has the whole answer, of which %d bytes left the server and %d arrived", c.Answer, c.AnswerArrived)
	case !sent && j.Extra.TLS && a == nil && c.AnswerArrived > 0:
		// A client that has its answer and closes keeps the stream's end from leaving.
		return results.UnknownFate, "the stream's end never left the server, and nothing is known of the client"
	case !sent:
		return results.NeverSent, ""
	case !arrived && c.InTransit > 0:
		return results.UnknownFate, "a copy of the answer was still on the path when the path ended"
	case !arrived:
		return results.LostOnPath, ""
	case a == nil:
		return results.UnknownFate, "the answer arrived, and nothing is known of the client"
	}
	return results.ArrivedNotRead, ""
}

// sentWhole tells whether all of the answer left the server. Where the server
// keeps a ledger, all is what its kernel took from it; otherwise it is what its
// FIN or its reset says.
func (j Joined) sentWhole() (whole bool, doubt string) {
	switch c, e := j.Conn, j.Entry; {
	case e == nil:
		return c.AllSent, ""
	case c.Answer > e.Answer:
		return false, fmt.Sprintf("the server says it wrote %d bytes, and %d left it", e.Answer, c.Answer)
	default:
		return e.Answer > 0 && c.Answer >= e.Answer-e.Tail, ""
	}
}

// tail is how many of the server's last bytes are no part of its answer.
func (j Joined) tail() int64 {
	if j.Entry == nil {
		return closeNotify
	}
	return j.Entry.Tail
}

// closeNotify is a close_notify of TLS 1.3 on the wire: a record's header, two
// bytes of alert, one of content type and 16 of authentication (RFC 8446 5.2).
const closeNotify = 5 + 2 + 1 + 16

// Rejection tells whether the connection was rejected: by the server's ledger,
// or, where the server keeps none, by what the client says and, where neither
// is known, by an answer that left the server.
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
