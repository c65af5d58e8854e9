package results

import "fmt"

// TLSEnd is how a TLS stream ended, as the client saw it. The zero value is
// TLSUnfinished.
type TLSEnd uint8

// The closed set of ends. The table TLSEnds describes each.
const (
	TLSUnfinished TLSEnd = iota
	TLSOpen
	TLSCloseNotify
	TLSTruncated
	TLSReset
	numTLSEnds = iota
)

// TLSEndInfo is the row of the vocabulary for one end.
type TLSEndInfo struct {
	End     TLSEnd
	Name    string // the name in records
	Summary string // its meaning, in a line
}

// TLSEnds is the table of the names of ends, in the order of records. Truncation is
// that of RFC 8446 section 6.1: data may be missing from a stream that ends without
// a close_notify, even if an HTTP answer in it is whole by its length.
var TLSEnds = [numTLSEnds]TLSEndInfo{
	{TLSUnfinished, "no-handshake", "there was no connection, or its handshake did not complete"},
	{TLSOpen, "open", "the client closed it, on its own decision or at a time limit"},
	{TLSCloseNotify, "close-notify", "the server sent close_notify, and the client read it"},
	{TLSTruncated, "truncated", "the connection ended in order, or with another alert, without a close_notify"},
	{TLSReset, "reset", "the connection was reset without a close_notify that the client had read"},
}

// String returns the name in records.
func (e TLSEnd) String() string {
	if int(e) < len(TLSEnds) {
		return TLSEnds[e].Name
	}
	return fmt.Sprintf("tls-end(%d)", uint8(e))
}

// TLSCounts is the number of attempts by the name of their end, then of their
// outcome. A missing name counts 0.
type TLSCounts map[string]map[string]int64

// Add counts n more attempts. The map must not be nil.
func (c TLSCounts) Add(e TLSEnd, o Outcome, n int64) { c.add(e.String(), o.String(), n) }

func (c TLSCounts) add(end, outcome string, n int64) {
	if c[end] == nil {
		c[end] = map[string]int64{}
	}
	c[end][outcome] += n
}

// AddTLSCounts returns the sum of two counts. Either may be nil, which counts nothing,
// and neither is changed. The sum of two nil maps is nil.
func AddTLSCounts(a, b TLSCounts) TLSCounts {
	if a == nil && b == nil {
		return nil
	}
	sum := TLSCounts{}
	for _, c := range []TLSCounts{a, b} {
		for end, outcomes := range c {
			for outcome, n := range outcomes {
				sum.add(end, outcome, n)
			}
		}
	}
	return sum
}

// Of returns the number of attempts with an end, whatever their outcome.
func (c TLSCounts) Of(e TLSEnd) (n int64) {
	for _, k := range c[e.String()] {
		n += k
	}
	return n
}

// Delivered returns the number of attempts with an end and a whole 503.
func (c TLSCounts) Delivered(e TLSEnd) (n int64) {
	for _, o := range Outcomes {
		if o.Outcome.IsDelivered() {
			n += c[e.String()][o.Name]
		}
	}
	return n
}
