package ladder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

// Event is what a program at one end did: connect, read, close. At is
// nanoseconds on the path's clock.
type Event struct {
	At    int64
	End   wire.Direction // the end where it happened: FromClient is the client's
	Label string
}

// Events are what the fleet and the server say that their programs did.
func Events(j wire.Joined) []Event {
	var all []Event
	add := func(at int64, end wire.Direction, label string) {
		if at != 0 {
			all = append(all, Event{at, end, label})
		}
	}
	if a := j.Attempt; a != nil {
		add(a.Started, wire.FromClient, "connect")
		add(a.Connected, wire.FromClient, "connected")
		add(a.FirstByte, wire.FromClient, "first byte read")
		add(a.End, wire.FromClient, "end: "+a.Outcome.String())
	}
	if e := j.Entry; e != nil {
		add(e.Accepted, wire.FromServer, "accept")
		add(e.Closed, wire.FromServer, "close")
	}
	return all
}

// Arrow is one packet of a drawing, or several of a kind that followed each
// other with nothing in between.
type arrow struct {
	From        wire.Direction
	Left        int64 // when the first packet left, and when the last did
	LastLeft    int64
	Arrived     int64 // when the first arrived, and when the last did; 0 if none did
	LastArrived int64
	Packets     int
	Bytes       int64
	Flags       wire.Flags
	Resent      bool             // its bytes, or its SYN, had left before
	Dropped     wire.Disposition // why it did not arrive; Passed if it did
}

// Drawing is the story of one connection in the form of a ladder diagram: time
// goes down, the client is left, the server right.
type Drawing struct {
	Title  string
	Arrows []arrow // in order of leaving
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

// New draws a connection. Bare acknowledgments are left out, but for the
// handshake's and for those that ask back after a reset; data packets that
// follow each other become one arrow, unless something happened between them at
// either end, and so do the resets that answer them.
func New(l *wire.Log, c *wire.Connection, events []Event) Drawing {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	var latest [2]int64
	for i := range events {
		apart(&events[i].At, &latest[events[i].End])
	}
	d := Drawing{Events: events}
	var drawn []arrow
	latest = [2]int64{}
	resent := c.Resent(l)
	for r, p := range c.Packets(l) {
		if p.Disposition == wire.Duplicate {
			continue
		}
		a := arrow{From: p.Direction, Left: p.In, Arrived: p.Out, LastArrived: p.Out, Packets: 1, Bytes: int64(p.Len), Flags: p.Flags, Resent: resent[r], Dropped: wire.Forwarded}
		if !p.Arrived() {
			a.Dropped = p.Disposition
		}
		bare := p.Len == 0 && p.Flags&(wire.SYN|wire.FIN|wire.RST) == 0
		handshake := p.Direction == wire.FromClient && p.Out != 0 && p.Out == c.Established
		asksBack := p.Direction == wire.FromClient && c.Cause.Server() && arrivedReset(l, c, p.In)
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
func arrivedReset(l *wire.Log, c *wire.Connection, by int64) bool {
	for _, p := range c.Packets(l) {
		if p.Direction == wire.FromServer && p.Flags.Has(wire.RST) && p.Arrived() && p.Out <= by {
			return true
		}
	}
	return false
}

// data tells whether the packet is data that arrived, and nothing else.
func (a arrow) data() bool {
	return a.Bytes > 0 && a.Flags&(wire.SYN|wire.FIN|wire.RST) == 0 && a.Dropped == wire.Forwarded && !a.Resent
}

// refusal tells whether the packet is a reset that answers another packet and
// arrived: late data has one for each of its packets.
func (a arrow) refusal() bool {
	return a.Flags&(wire.RST|wire.ACK) == wire.RST && a.Dropped == wire.Forwarded
}

// follows tells whether packet i goes on with what the packet before it began,
// data or refusals, with neither a pause between the two nor anything that a
// reader wants to see there. Refusals do not count as something between the
// data that they answer, nor that data between them.
func follows(all []arrow, i int, events []Event) bool {
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

func (a *arrow) join(b arrow) {
	a.Packets++
	a.Bytes += b.Bytes
	a.LastLeft, a.LastArrived = max(a.LastLeft, b.Left), max(a.LastArrived, b.Arrived)
}

// Label names the packet as a reader would.
func (a arrow) Label() string {
	var parts []string
	if a.Flags.Has(wire.SYN) {
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
		flag wire.Flags
		name string
	}{{wire.FIN, "FIN"}, {wire.RST, "RST"}} {
		if a.Flags.Has(f.flag) {
			parts = append(parts, f.name)
		}
	}
	if a.refusal() && a.Packets > 1 {
		parts = []string{fmt.Sprintf("RST in %d packets", a.Packets)}
	}
	// Of a reset it tells how it came about (see cause); of data nothing.
	if a.Flags.Has(wire.ACK) && (a.Flags&(wire.SYN|wire.RST) != 0 || len(parts) == 0) {
		parts = append(parts, "ACK")
	}
	label := strings.Join(parts, ", ")
	if a.Resent {
		label += ", again"
	}
	if a.Dropped != wire.Forwarded {
		label += " (" + a.Dropped.String() + ")"
	}
	return label
}
