package wire

import (
	"cmp"
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// Attempt is what the client says of one attempt. Times are nanoseconds on the
// path's clock; see Align.
type Attempt struct {
	Port      uint16 // 0 when no socket got one, or it is not known
	Outcome   results.Outcome
	Started   int64 // connect was called
	Connected int64 // 0 if it never was
	FirstByte int64 // of the answer was read; 0 if none was
	End       int64
	Sent      int64 // request bytes the client's kernel took
	Received  int64 // answer bytes the client's code read
}

// Entry is what the server says of one connection that it accepted. Times are
// nanoseconds on the path's clock.
type Entry struct {
	Port     uint16 // the client's
	Rejected bool
	Accepted int64
	Closed   int64
	Answer   int64 // bytes the server's kernel took
	Tail     int64 // of these, bytes after the answer's last one: the end of a TLS stream
	Read     int64 // bytes the server's code read
}

// Joined is one connection as the ledgers have it; what a ledger does not have
// of it is nil. At least one is not.
type Joined struct {
	Conn    *Connection
	Attempt *Attempt
	Entry   *Entry
	Extra   Extra
}

// Carries says what a connection carries besides one request and its answer. The
// wire counts all of it as bytes of the request and of the answer.
type Extra struct {
	// TLS is set where both ends count other bytes than the wire does, and where
	// the server sends on after its answer, to a client that may not wait for that.
	TLS bool
	// Earlier is set where other requests were answered before the rejected one, so
	// that the first byte from the server is not the answer's.
	Earlier bool
}

// Carrying says of every connection what it carries.
func SetExtra(joined []Joined, what Extra) {
	for i := range joined {
		joined[i].Extra = what
	}
}

// Join brings together what belongs to the same connection, by the client's
// port and, where a port was used again, by time and order. It returns the
// connections in their order and then what has no connection. Attempts and
// entries are put into order of time.
func Join(conns []Connection, attempts []Attempt, entries []Entry) []Joined {
	slices.SortStableFunc(attempts, func(a, b Attempt) int { return cmp.Compare(a.Started, b.Started) })
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Accepted, b.Accepted) })
	byPort := map[uint16][]int{} // indices into all
	all := make([]Joined, len(conns))
	for i := range conns {
		all[i].Conn = &conns[i]
		byPort[conns[i].ClientPort] = append(byPort[conns[i].ClientPort], i)
	}
	for port, own := range grouped(attempts, func(a *Attempt) uint16 { return a.Port }) {
		all = joinAttempts(all, byPort[port], own)
	}
	for port, own := range grouped(entries, func(e *Entry) uint16 { return e.Port }) {
		all = joinEntries(all, byPort[port], own)
	}
	// The loops over the maps left what has no connection in no order.
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

// slack is how far clocks that were aligned with each other may be off, and how
// late a busy fleet may be with a call that it has noted the time of. A pair in
// the right order is the right one unless one of a port's connections has no
// attempt and the next began within the slack.
const clockSlack = int64(20e6)

// joinAttempts walks the connections and the attempts of one port, both in
// order of time: a SYN leaves between an attempt's start and its end.
func joinAttempts(all []Joined, conns []int, attempts []*Attempt) []Joined {
	for _, a := range attempts {
		for len(conns) > 0 && all[conns[0]].Conn.firstSeen()+clockSlack < a.Started {
			conns = conns[1:] // this one is no attempt's
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

// joinEntries walks the connections and the entries of one port. A listener
// hands connections over in the order in which they were established, however
// late; but one may be missing, whose last segment found the queue full.
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

// began is when the connection's first packet, its SYN if that is on record, left the client.
func (c *Connection) firstSeen() int64 { return cmp.Or(c.Syn, c.SynAck, c.Reset, c.AnswerStart) }

// Align moves the attempts' times, which count from a moment of the fleet's
// own, onto the path's clock. The two are told from the attempts that are alone
// on their port: their SYN left after they were started, the sooner the less the
// fleet had to do. So the shortest of these times counts, but for one in a
// hundred that may have been paired wrongly.
func Align(conns []Connection, attempts []Attempt) {
	used := map[uint16]int{} // times as an attempt
	for i := range attempts {
		used[attempts[i].Port]++
	}
	syn := map[uint16]int64{} // of connections alone on their port; 0 for others
	for i := range conns {
		c := &conns[i]
		if _, again := syn[c.ClientPort]; again {
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
