package results

import (
	"encoding/json"
	"fmt"
)

// Outcome is how an attempt ended, as the client saw it. Every attempt has exactly
// one outcome. The zero value is Admitted.
type Outcome uint8

// The closed set of outcomes. The table Outcomes describes each.
const (
	Admitted Outcome = iota
	Delivered
	DeliveredThenReset
	Truncated
	ResetConnect
	ResetSend
	ResetReceive
	BrokenPipe
	Closed
	Refused
	TimeoutConnect
	TimeoutSend
	TimeoutReceive
	BadResponse
	LocalError
	NumOutcomes = iota
)

// OutcomeInfo is the row of the vocabulary for one outcome.
type OutcomeInfo struct {
	Outcome Outcome
	Name    string // the name in records, flags and tables
	Summary string // its meaning, in a line
}

// Outcomes is the table of the names of outcomes, in the order of records.
var Outcomes = [NumOutcomes]OutcomeInfo{
	{Admitted, "admitted", "whole 2xx answer"},
	{Delivered, "delivered", "whole 503, then an orderly end"},
	{DeliveredThenReset, "delivered-then-reset", "whole 503, then a reset"},
	{Truncated, "truncated", "part of an answer, then the end or a reset"},
	{ResetConnect, "reset-connect", "ECONNRESET from connect"},
	{ResetSend, "reset-send", "ECONNRESET from send, no answer byte read"},
	{ResetReceive, "reset-receive", "ECONNRESET from receive, no answer byte read"},
	{BrokenPipe, "broken-pipe", "EPIPE from send, no answer byte read"},
	{Closed, "closed", "orderly end without an answer"},
	{Refused, "refused", "ECONNREFUSED from connect"},
	{TimeoutConnect, "timeout-connect", "no connection within the connect time limit"},
	{TimeoutSend, "timeout-send", "request not taken within the send time limit"},
	{TimeoutReceive, "timeout-receive", "no whole answer within the receive time limit"},
	{BadResponse, "bad-response", "not HTTP, or a status that is neither 2xx nor 503"},
	{LocalError, "local-error", "no port, no descriptor or no memory on the client's side"},
}

// String returns the name in records.
func (o Outcome) String() string {
	if int(o) < len(Outcomes) {
		return Outcomes[o].Name
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}

// ParseOutcome returns the outcome of a name in records.
func ParseOutcome(name string) (Outcome, error) {
	for _, i := range Outcomes {
		if i.Name == name {
			return i.Outcome, nil
		}
	}
	return 0, fmt.Errorf("unknown outcome %q", name)
}

// IsDelivered reports whether the client's code read a whole 503.
func (o Outcome) IsDelivered() bool { return o == Delivered || o == DeliveredThenReset }

// ReachedServer reports whether an attempt with this outcome can be in the server's
// ledger. Attempts that end as refused, local-error or timeout-connect are not,
// unless the last segment of the handshake was lost.
func (o Outcome) ReachedServer() bool {
	return o != Refused && o != LocalError && o != TimeoutConnect
}

// Counts is the number of attempts by outcome. In JSON it is an object with the name
// of every outcome, in the order of the table. The zero value counts nothing.
type Counts [NumOutcomes]int64

// Total returns the number of attempts.
func (c Counts) Total() int64 {
	var n int64
	for _, v := range c {
		n += v
	}
	return n
}

// Delivered returns the number of whole 503s that the client's code read.
func (c Counts) Delivered() int64 { return c[Delivered] + c[DeliveredThenReset] }

// RejectedWithoutLedger returns the number of rejections of a server without a
// ledger: attempts less admitted, refused and local-error.
func (c Counts) RejectedWithoutLedger() int64 {
	return c.Total() - c[Admitted] - c[Refused] - c[LocalError]
}

// Add adds the counts of o.
func (c *Counts) Add(o Counts) {
	for i, v := range o {
		c[i] += v
	}
}

// MarshalJSON writes every outcome in table order.
func (c Counts) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, v := range c {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "%q:%d", Outcomes[i].Name, v)
	}
	return append(b, '}'), nil
}

// UnmarshalJSON reads an object of outcome names. A missing name counts 0; an unknown
// name or a negative count is an error.
func (c *Counts) UnmarshalJSON(b []byte) error {
	var m map[string]int64
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("outcomes: %w", plainTypeError(err))
	}
	*c = Counts{}
	for name, v := range m {
		o, err := ParseOutcome(name)
		if err != nil {
			return err
		}
		if v < 0 {
			return fmt.Errorf("outcome %q has a negative count %d", name, v)
		}
		c[o] = v
	}
	return nil
}
