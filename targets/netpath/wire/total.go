package wire

import (
	"fmt"
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rejectbench/rejectbench/results"
)

// maxDisagreements is how many disagreements a cell's record lists.
const maxDisagreements = 20

// Keeps says which of the other ledgers there are: a program that was not
// written for this keeps none, and what it says is then not missed.
type Ledgers struct{ Fleet, Server bool }

// Total adds up what the wire and the other ledgers say of a cell.
func Total(l *Log, joined []Joined, keeps Ledgers) results.Wire {
	t := total{
		ledgers: keeps,
		Wire: results.Wire{
			Packets: int64(l.Len()), Missed: l.Missed,
			Resets: map[string]int64{}, Fates: map[string]int64{}, FateOutcomes: map[string]map[string]int64{},
			Agreement: results.WireAgreement{Disagreements: []results.WireDisagreement{}},
		},
		toReset:      results.NewHistogram(),
		afterAnswer:  newByteHistogram(),
		afterArrival: newByteHistogram(),
	}
	for _, c := range results.ResetCauses {
		t.Resets[c.Name] = 0
	}
	for _, f := range results.Fates {
		t.Fates[f.Name] = 0
		t.FateOutcomes[f.Name] = map[string]int64{}
	}
	for _, j := range joined {
		t.add(j)
	}
	t.AnswerToResetMs = results.Summarise(t.toReset)
	t.BytesAfterAnswer = summariseBytes(t.afterAnswer)
	t.BytesAfterArrival = summariseBytes(t.afterArrival)
	return t.Wire
}

type total struct {
	results.Wire
	ledgers                            Ledgers
	toReset, afterAnswer, afterArrival *hdrhistogram.Histogram
}

func (t *total) add(j Joined) {
	if c := j.Conn; c != nil {
		t.Connections++
		t.Resets[c.Cause.String()]++
		t.ResetsSent += int64(c.Resets)
		t.ResetsLost += int64(c.ResetsLost)
	}
	doubt := t.contradiction(j)
	if j.Rejection(t.ledgers.Server) {
		// A client that keeps no ledger was not expected to tell.
		if why := t.countRejection(j); doubt == "" && (j.Attempt != nil || t.ledgers.Fleet) {
			doubt = why
		}
	}
	t.countAgreement(j, doubt)
}

// reject counts a rejection, and returns why its fate is not known.
func (t *total) countRejection(j Joined) string {
	t.Rejections++
	fate, why := j.Fate()
	t.Fates[fate.String()]++
	t.FateOutcomes[fate.String()][j.outcome()]++
	c := j.Conn
	if c == nil {
		return why
	}
	t.Retransmitted += int64(c.Retransmitted)
	if c.ArrivedBeforeReset < c.AnswerArrived {
		t.ArrivedAfterReset++
	}
	// Where the server's first byte is not the answer's, nothing here is known.
	if c.AnswerStart != 0 && j.Extra == (Extra{}) {
		_ = t.afterAnswer.RecordValue(min(c.SentAfterAnswer, maxBytes))
		if c.AnswerComplete != 0 {
			_ = t.afterArrival.RecordValue(min(c.SentAfterArrival, maxBytes))
		}
		if c.Cause.Server() && c.Reset >= c.AnswerStart {
			results.Record(t.toReset, c.Reset-c.AnswerStart)
		}
	}
	return why
}

// agree counts the connection as one that the ledgers agree on, or lists it.
func (t *total) countAgreement(j Joined, doubt string) {
	g := &t.Agreement
	if j.Conn != nil {
		g.Wire++
	}
	if j.Attempt != nil && j.Attempt.Port != 0 {
		g.Fleet++
	}
	if j.Entry != nil {
		g.Server++
	}
	switch {
	case doubt != "":
		g.Disagreed++
		if len(g.Disagreements) < maxDisagreements {
			g.Disagreements = append(g.Disagreements, disagreement(j, doubt))
		}
	case t.ledgers.Server && j.Entry == nil && j.Conn != nil && j.Conn.Established != 0:
		g.NeverAccepted++
	case j.Conn != nil:
		g.Agreed++
	}
}

// compare tells what is wrong with what the ledgers say of one connection.
func (t *total) contradiction(j Joined) string {
	c, a, e := j.Conn, j.Attempt, j.Entry
	switch {
	case c == nil && e != nil:
		return "accepted by the server, and not on the wire"
	case c == nil && a.Connected != 0:
		return "connected by the fleet's account, and not on the wire"
	case c == nil:
		return "" // its SYN never left, or nobody knows its port
	case a == nil && t.ledgers.Fleet && c.Connected != 0:
		return "on the wire, and no attempt of the fleet's"
	case a != nil && a.Connected != 0 && c.Connected == 0:
		return "connected by the fleet's account, and no SYN-ACK reached it"
	case a != nil && a.Received > c.AnswerArrived && !c.TooManyGaps: // under TLS it has read even less
		return "the fleet read more than arrived"
	case a != nil && a.Sent < c.Request && !j.Extra.TLS:
		return "the fleet sent less than left it"
	case e != nil && e.Answer < c.Answer:
		return "the server wrote less than left it"
	case e != nil && e.Read > c.RequestArrived:
		return "the server read more than arrived"
	}
	return ""
}

func disagreement(j Joined, what string) results.WireDisagreement {
	d := results.WireDisagreement{What: what}
	if a := j.Attempt; a != nil {
		d.ClientPort = a.Port
		d.Fleet = fmt.Sprintf("%v, %d bytes sent, %d read", a.Outcome, a.Sent, a.Received)
	}
	if e := j.Entry; e != nil {
		d.ClientPort = e.Port
		d.Server = fmt.Sprintf("%d bytes read, %d written", e.Read, e.Answer)
		if e.Rejected {
			d.Server = "rejected, " + d.Server
		}
	}
	if c := j.Conn; c != nil {
		d.ClientPort = c.ClientPort
		d.Wire = fmt.Sprintf("%d bytes of request left and %d arrived, %d of answer left and %d arrived, reset %v",
			c.Request, c.RequestArrived, c.Answer, c.AnswerArrived, c.Cause)
	}
	return d
}

const maxBytes = math.MaxUint32

func newByteHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, maxBytes, 3) }

// summariseBytes is results.Summarise without its conversion to milliseconds.
func summariseBytes(h *hdrhistogram.Histogram) results.Percentiles {
	if h.TotalCount() == 0 {
		return results.Percentiles{}
	}
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) }
	return results.Percentiles{
		Count: h.TotalCount(), Mean: h.Mean(), Max: float64(h.Max()),
		P50: at(50), P90: at(90), P99: at(99), P999: at(99.9),
	}
}
