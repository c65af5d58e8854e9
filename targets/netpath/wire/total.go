package wire

import (
	"fmt"
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rejectbench/rejectbench/results"
)

// Ledgers says which ledgers exist besides the packets. A program that was not
// written for rejectbench keeps none, and its lack is no disagreement.
type Ledgers struct{ Fleet, Server bool }

// Total adds up the connections of a cell and compares the ledgers.
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
		// A client without a ledger is not expected to report.
		if why := t.countRejection(j); doubt == "" && (j.Attempt != nil || t.ledgers.Fleet) {
			doubt = why
		}
	}
	t.countAgreement(j, doubt)
}

// countRejection counts a rejection. It returns why its fate is unknown, or an
// empty string.
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
	// Unknown if the server's first byte is not the first byte of the answer.
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

// countAgreement counts the connection as one on which the ledgers agree, or lists
// the disagreement.
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
		if len(g.Disagreements) < results.MaxDisagreements {
			g.Disagreements = append(g.Disagreements, disagreement(j, doubt))
		}
	case t.ledgers.Server && j.Entry == nil && j.Conn != nil && j.Conn.Established != 0:
		g.NeverAccepted++
	case j.Conn != nil:
		g.Agreed++
	}
}

// contradiction returns how the ledgers contradict each other on one connection,
// or an empty string.
func (t *total) contradiction(j Joined) string {
	c, a, e := j.Conn, j.Attempt, j.Entry
	switch {
	case c == nil && e != nil:
		return "accepted by the server, but no packet was recorded"
	case c == nil && a.Connected != 0:
		return "connected according to the fleet, but no packet was recorded"
	case c == nil:
		return "" // its SYN never left, or its port is unknown
	case a == nil && t.ledgers.Fleet && c.Connected != 0:
		return "packets were recorded, but the fleet has no attempt"
	case a != nil && a.Connected != 0 && c.Connected == 0:
		return "connected according to the fleet, but no SYN-ACK reached it"
	case a != nil && a.Received > c.AnswerArrived && !c.TooManyGaps: // with TLS the fleet reads even less
		return "the fleet read more bytes than arrived"
	case a != nil && a.Sent < c.Request && !j.Extra.TLS:
		return "the fleet sent fewer bytes than left its end"
	case e != nil && e.Answer < c.Answer:
		return "the server wrote fewer bytes than left its end"
	case e != nil && e.Read > c.RequestArrived:
		return "the server read more bytes than arrived"
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

// summariseBytes is results.Summarise without the conversion to milliseconds.
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
