package wire

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Event is what a program at one end did: connect, read, close. At is
// nanoseconds on the path's clock.
type Event struct {
	At    int64
	End   Direction // the end where it happened: FromClient is the client's
	Label string
}

// Events are what the fleet and the server say that their programs did.
func (j Joined) Events() []Event {
	var all []Event
	add := func(at int64, end Direction, label string) {
		if at != 0 {
			all = append(all, Event{at, end, label})
		}
	}
	if a := j.Attempt; a != nil {
		add(a.Started, FromClient, "connect")
		add(a.Connected, FromClient, "connected")
		add(a.FirstByte, FromClient, "first byte read")
		add(a.End, FromClient, "end: "+a.Outcome.String())
	}
	if e := j.Entry; e != nil {
		add(e.Accepted, FromServer, "accept")
		add(e.Closed, FromServer, "close")
	}
	return all
}

// Arrow is one packet of a drawing, or several of a kind that followed each
// other with nothing in between.
type Arrow struct {
	From        Direction
	Left        int64 // when the first packet left, and when the last did
	LastLeft    int64
	Arrived     int64 // when the first arrived, and when the last did; 0 if none did
	LastArrived int64
	Packets     int
	Bytes       int64
	Flags       Flags
	Again       bool    // its bytes, or its SYN, had left before
	Dropped     Passage // why it did not arrive; Passed if it did
}

// Drawing is the story of one connection in the form of a ladder diagram: time
// goes down, the client is left, the server right.
type Drawing struct {
	Title  string
	Arrows []Arrow // in order of leaving
	Events []Event // in order of time
	// Acks counts bare acknowledgments that are not drawn; Omitted counts
	// packets in the middle of a long story that are not.
	Acks, Omitted int
}

// A drawing keeps the first and the last arrows of a story that is too long.
const (
	firstArrows = 24
	lastArrows  = 16
)

// Ladder draws a connection. Bare acknowledgments are left out, but for the
// handshake's and for those that ask back after a reset; data packets that
// follow each other become one arrow, unless something happened between them at
// either end, and so do the resets that answer them.
func Ladder(l *Log, c *Connection, events []Event) Drawing {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	var latest [2]int64
	for i := range events {
		apart(&events[i].At, &latest[events[i].End])
	}
	d := Drawing{Events: events}
	var drawn []Arrow
	latest = [2]int64{}
	var sent [2]intervals
	var streams [2]stream
	syns := 0
	for _, p := range c.Packets(l) {
		if p.Passage == Copied {
			continue
		}
		a := Arrow{From: p.Direction, Left: p.At, Arrived: p.Out, LastArrived: p.Out, Packets: 1, Bytes: int64(p.Len), Flags: p.Flags, Dropped: Passed}
		if !p.Arrived() {
			a.Dropped = p.Passage
		}
		if p.Flags.Has(SYN) && p.Direction == FromClient {
			syns++
			a.Again = syns > 1
		}
		if p.Len > 0 {
			s := &streams[p.Direction]
			s.begin(p.Seq)
			lo, hi := s.payload(&p)
			a.Again = sent[p.Direction].add(lo, hi) < hi-lo
		}
		bare := p.Len == 0 && p.Flags&(SYN|FIN|RST) == 0
		handshake := p.Direction == FromClient && p.Out != 0 && p.Out == c.Established
		asksBack := p.Direction == FromClient && c.Cause.Server() && c.arrivedReset(l, p.At)
		if bare && !handshake && !asksBack {
			d.Acks++
			continue
		}
		apart(&a.Left, &latest[a.From])
		a.LastLeft = a.Left
		drawn = append(drawn, a)
	}
	for i, a := range drawn {
		if n := len(d.Arrows); n > 0 && follows(drawn, i, events) {
			d.Arrows[n-1].join(a)
			continue
		}
		d.Arrows = append(d.Arrows, a)
	}
	if len(d.Arrows) > firstArrows+lastArrows {
		for _, a := range d.Arrows[firstArrows : len(d.Arrows)-lastArrows] {
			d.Omitted += a.Packets
		}
		d.Arrows = slices.Delete(d.Arrows, firstArrows, len(d.Arrows)-lastArrows)
	}
	return d
}

// apart moves a time behind the latest one at its end, by a nanosecond if need
// be: what has a text must have a place of its own.
func apart(at, latest *int64) {
	*at = max(*at, *latest+1)
	*latest = *at
}

// arrivedReset tells whether a reset of the server's had reached the client by a time.
func (c *Connection) arrivedReset(l *Log, by int64) bool {
	for _, p := range c.Packets(l) {
		if p.Direction == FromServer && p.Flags.Has(RST) && p.Arrived() && p.Out <= by {
			return true
		}
	}
	return false
}

// data tells whether the packet is data that arrived, and nothing else.
func (a Arrow) data() bool {
	return a.Bytes > 0 && a.Flags&(SYN|FIN|RST) == 0 && a.Dropped == Passed && !a.Again
}

// refusal tells whether the packet is a reset that answers another packet and
// arrived: late data has one for each of its packets.
func (a Arrow) refusal() bool {
	return a.Flags&(RST|ACK) == RST && a.Dropped == Passed
}

// follows tells whether packet i goes on with what the packet before it began,
// data or refusals, with neither a pause between the two nor anything that a
// reader wants to see there. Refusals do not count as something between the
// data that they answer, nor that data between them.
func follows(all []Arrow, i int, events []Event) bool {
	if i == 0 {
		return false
	}
	a, b := all[i-1], all[i]
	if a.From != b.From || !(a.data() && b.data() || a.refusal() && b.refusal()) {
		return false
	}
	if pause := max((a.Arrived-a.Left)/4, int64(time.Millisecond)); b.Left-a.Left > pause {
		return false
	}
	between := func(at, from, to int64) bool { return from < at && at < to }
	for _, e := range events {
		from, to := a.Left, b.Left
		if e.End != a.From {
			from, to = a.Arrived, b.Arrived
		}
		if between(e.At, from, to) {
			return false
		}
	}
	for _, o := range all {
		if o.From == a.From || a.refusal() && o.data() || a.data() && o.refusal() {
			continue
		}
		if between(o.Arrived, a.Left, b.Left) || between(o.Left, a.Arrived, b.Arrived) {
			return false
		}
	}
	return true
}

func (a *Arrow) join(b Arrow) {
	a.Packets++
	a.Bytes += b.Bytes
	a.LastLeft, a.LastArrived = max(a.LastLeft, b.Left), max(a.LastArrived, b.Arrived)
}

// Label names the packet as a reader would.
func (a Arrow) Label() string {
	var parts []string
	if a.Flags.Has(SYN) {
		parts = append(parts, "SYN")
	}
	if a.Bytes > 0 {
		data := fmt.Sprintf("data %d bytes", a.Bytes)
		if a.Packets > 1 {
			data += fmt.Sprintf(" in %d packets", a.Packets)
		}
		parts = append(parts, data)
	}
	for _, f := range []struct {
		flag Flags
		name string
	}{{FIN, "FIN"}, {RST, "RST"}} {
		if a.Flags.Has(f.flag) {
			parts = append(parts, f.name)
		}
	}
	if a.refusal() && a.Packets > 1 {
		parts = []string{fmt.Sprintf("RST in %d packets", a.Packets)}
	}
	// Of a reset it tells how it came about (see cause); of data nothing.
	if a.Flags.Has(ACK) && (a.Flags&(SYN|RST) != 0 || len(parts) == 0) {
		parts = append(parts, "ACK")
	}
	label := strings.Join(parts, ", ")
	if a.Again {
		label += ", again"
	}
	if a.Dropped != Passed {
		label += " (" + a.Dropped.String() + ")"
	}
	return label
}
