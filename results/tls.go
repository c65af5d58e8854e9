package results

// TLSEnd is how the client's side of a TLS stream came to its end.
type TLSEnd uint8

// The closed set of ends. TLSEnds documents each of them.
const (
	TLSUnfinished TLSEnd = iota
	TLSOpen
	TLSCloseNotify
	TLSTruncated
	TLSReset
	NumTLSEnds = iota
)

// TLSEndInfo is the row of the vocabulary for one end.
type TLSEndInfo struct {
	End     TLSEnd
	Name    string // the name in records
	Summary string
}

// TLSEnds is the one table that the names of ends come from. What truncation
// is follows RFC 8446 section 6.1: data may be missing wherever a stream ends
// without a close_notify, even if an HTTP answer in it is whole by its length.
var TLSEnds = [NumTLSEnds]TLSEndInfo{
	{TLSUnfinished, "no-handshake", "there was no connection, or its handshake did not come to an end"},
	{TLSOpen, "open", "the client closed it, by its own decision or a time limit"},
	{TLSCloseNotify, "close-notify", "the server sent close_notify, and the client read it"},
	{TLSTruncated, "truncated", "the connection ended in order, or with another alert, without a close_notify"},
	{TLSReset, "reset", "the connection was reset without a close_notify that the client had read"},
}

// String returns the end's name in records.
func (e TLSEnd) String() string { return TLSEnds[e].Name }

// TLSCounts maps the names of ends, and under them of outcomes, to how many
// attempts had both; a name that is not there had none.
type TLSCounts map[string]map[string]int64

// Add counts n more attempts. The map must not be nil.
func (c TLSCounts) Add(e TLSEnd, o Outcome, n int64) { c.add(e.String(), o.String(), n) }

func (c TLSCounts) add(end, outcome string, n int64) {
	if c[end] == nil {
		c[end] = map[string]int64{}
	}
	c[end][outcome] += n
}

// AddAll adds the counts of other attempts. The map must not be nil.
func (c TLSCounts) AddAll(more TLSCounts) {
	for end, outcomes := range more {
		for outcome, n := range outcomes {
			c.add(end, outcome, n)
		}
	}
}

// Of is how many attempts had an end, whatever their outcome.
func (c TLSCounts) Of(e TLSEnd) (n int64) {
	for _, k := range c[e.String()] {
		n += k
	}
	return n
}

// Delivered is how many attempts with an end had a whole 503.
func (c TLSCounts) Delivered(e TLSEnd) (n int64) {
	for _, o := range Outcomes {
		if o.Outcome.IsDelivered() {
			n += c[e.String()][o.Name]
		}
	}
	return n
}
