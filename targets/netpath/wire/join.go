package wire

import (
	"cmp"
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// Attempt is the client's report of one attempt. Times are in nanoseconds on the
// path's clock; see Align.
type Attempt struct {
	Port      uint16 // 0 if no socket got one, or if it is unknown
	Outcome   results.Outcome
	Started   int64 // when connect was called
	Connected int64 // when it returned; 0 if it never succeeded
	FirstByte int64 // when the first byte of the answer was read; 0 if none was
	End       int64 // when the attempt ended
	Sent      int64 // request bytes that the client's kernel accepted
	Received  int64 // answer bytes that the client's code read
}

// Entry is the server's ledger entry for one accepted connection. Times are in
// nanoseconds on the path's clock.
type Entry struct {
	Port     uint16 // the client's
	Rejected bool
	Accepted int64
	Closed   int64
	Answer   int64 // bytes that the server's kernel accepted
	Tail     int64 // of these, bytes after the end of the answer: the close_notify of TLS
	Read     int64 // bytes that the server's code read
}

// Joined is one connection in all ledgers. Conn, Attempt or Entry is nil if that
// ledger does not contain the connection; at least one is not nil.
type Joined struct {
	Conn    *Connection
	Attempt *Attempt
	Entry   *Entry
	Extra   Extra
}

// Extra is what a connection carries besides one request and its answer. In a
// Connection all of it counts as bytes of the request and of the answer.
type Extra struct {
	// TLS is set if client and server count plain text and the packets carry TLS
	// records. The server also sends a close_notify after its answer, for which the
	// client may not wait.
	TLS bool
	// Earlier is set if other requests were answered before the rejected one, so
	// that the server's first byte is not the first byte of the answer.
	Earlier bool
}

// SetExtra sets Extra of every connection.
func SetExtra(joined []Joined, what Extra) {
	for i := range joined {
		joined[i].Extra = what
	}
}

// Join matches connections, attempts and entries by the client's port and, if a
// port was reused, by time and order. It returns the connections in their order,
// followed by attempts and entries without a connection. It sorts attempts and
// entries by time.
func Join(conns []Connection, attempts []Attempt, entries []Entry) []Joined {
	slices.SortStableFunc(attempts, func(a, b Attempt) int { return cmp.Compare(a.Started, b.Started) })
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Accepted, b.Accepted) })
	byPort := map[uint16][]int{} // indices into all
	all := make([]Joined, len(conns))
	for i := range conns {
		all[i].Conn = &conns[i]
		byPort[conns[i].ClientPort] = append(byPort[conns[i].ClientPort], i)
	}
	for port, ofPort := range grouped(attempts, func(a *Attempt) uint16 { return a.Port }) {
		all = joinAttempts(all, byPort[port], ofPort)
	}
	for port, ofPort := range grouped(entries, func(e *Entry) uint16 { return e.Port }) {
		all = joinEntries(all, byPort[port], ofPort)
	}
	// Iteration over the maps added these in random order.
	slices.SortStableFunc(all[len(conns):], func(a, b Joined) int { return cmp.Compare(a.startTime(), b.startTime()) })
	return all
}

func (j Joined) startTime() int64 {
	if j.Attempt != nil {
		return j.Attempt.Started
	}
	return j.Entry.Accepted
}

func grouped[T any](all []T, port func(*T) uint16) map[uint16][]*T {
	groups := map[uint16][]*T{}
	for i := range all {
		groups[port(&all[i])] = append(groups[port(&all[i])], &all[i])
	}
	return groups
}

// clockSlack is the tolerance in nanoseconds for aligned clocks and for the time
// between a call and its timestamp in a busy fleet. Matching is wrong only if one
// connection of a port has no attempt and the next began within clockSlack.
const clockSlack = int64(20e6)

// joinAttempts matches the connections and attempts of one port, both in order of
// time: a SYN leaves between the start and the end of its attempt.
func joinAttempts(all []Joined, conns []int, attempts []*Attempt) []Joined {
	for _, a := range attempts {
		for len(conns) > 0 && all[conns[0]].Conn.firstSeen()+clockSlack < a.Started {
			conns = conns[1:] // it belongs to no attempt
		}
		if len(conns) == 0 || all[conns[0]].Conn.firstSeen() > a.End+clockSlack {
			all = append(all, Joined{Attempt: a})
			continue
		}
		all[conns[0]].Attempt = a
		conns = conns[1:]
	}
	return all
}

// joinEntries matches the connections and entries of one port. accept returns
// connections in the order in which they were established, however late. One may
// be missing: if the accept queue was full, the last segment of its handshake was
// dropped.
func joinEntries(all []Joined, conns []int, entries []*Entry) []Joined {
	conns = slices.DeleteFunc(slices.Clone(conns), func(i int) bool { return all[i].Conn.Established == 0 })
	for n, e := range entries {
		for spare := len(conns) - (len(entries) - n); spare > 0 && all[conns[1]].Conn.Established <= e.Accepted; spare-- {
			conns = conns[1:]
		}
		if len(conns) == 0 || all[conns[0]].Conn.Established > e.Accepted+clockSlack {
			all = append(all, Joined{Entry: e})
			continue
		}
		all[conns[0]].Entry = e
		conns = conns[1:]
	}
	return all
}

// firstSeen returns when the connection's SYN left the client or, if no SYN was
// recorded, the time of a later first event.
func (c *Connection) firstSeen() int64 { return cmp.Or(c.Syn, c.SynAck, c.Reset, c.AnswerStart) }

// Align converts the times of attempts from the fleet's clock to the path's clock.
// The clock offset is the 1st percentile of (SYN - start) over attempts that are
// alone on their port. A SYN leaves after its attempt was started, with a delay
// that depends on the fleet's load, so the smallest difference is the best
// estimate. The 1st percentile tolerates one wrong match in a hundred.
func Align(conns []Connection, attempts []Attempt) {
	used := map[uint16]int{} // times as an attempt
	for i := range attempts {
		used[attempts[i].Port]++
	}
	syn := map[uint16]int64{} // of connections alone on their port; 0 for others
	for i := range conns {
		c := &conns[i]
		if _, reused := syn[c.ClientPort]; reused {
			syn[c.ClientPort] = 0
			continue
		}
		syn[c.ClientPort] = c.Syn
	}
	var offsets []int64
	for i := range attempts {
		a := &attempts[i]
		if at := syn[a.Port]; at != 0 && a.Port != 0 && used[a.Port] == 1 {
			offsets = append(offsets, at-a.Started)
		}
	}
	if len(offsets) == 0 {
		return
	}
	slices.Sort(offsets)
	offset := offsets[len(offsets)/100]
	for i := range attempts {
		a := &attempts[i]
		a.Started += offset
		a.End += offset
		for _, at := range []*int64{&a.Connected, &a.FirstByte} {
			if *at != 0 {
				*at += offset
			}
		}
	}
}
