// Package ladder draws single connections as ladder diagrams: time runs downward,
// the client is on the left, the server on the right.
package ladder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

// Event is something that a program at one end did: connect, read, close.
type Event struct {
	At    int64          // nanoseconds on the path's clock
	End   wire.Direction // where it happened: FromClient is the client's end
	Label string
}

// Events returns the events that the fleet and the server reported for a
// connection.
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

// arrow is one packet of a drawing, or several of the same kind in a row.
type arrow struct {
	From        wire.Direction
	Left        int64 // when the first packet left
	LastLeft    int64 // when the last packet left
	Arrived     int64 // when the first packet arrived; 0 if none did
	LastArrived int64 // when the last packet arrived
	Packets     int
	Bytes       int64
	Flags       wire.Flags
	Resent      bool             // its bytes, or its SYN, were sent before
	Dropped     wire.Disposition // why it did not arrive; Forwarded if it did
}

// Drawing is the ladder diagram of one connection.
type Drawing struct {
	Title  string
	Arrows []arrow // in order of leaving
	Events []Event // in order of time
	// Acks counts the bare acknowledgments that are not drawn. Omitted counts the
	// packets in the middle of a long connection that are not drawn.
	Acks, Omitted int
}

// A drawing keeps the first and the last arrows of a long connection.
const (
	firstArrows = 24
	lastArrows  = 16
)

// New returns the drawing of a connection. Bare acknowledgments are omitted, except
// that of the handshake and challenge ACKs after a reset. Consecutive data packets
// become one arrow, unless something happened between them at either end. So do
// the resets that reply to them.
func New(l *wire.Log, c *wire.Connection, events []Event) Drawing {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	var latest [2]int64
	for i := range events {
		separate(&events[i].At, &latest[events[i].End])
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
		challenge := p.Direction == wire.FromClient && c.Cause.Server() && arrivedReset(l, c, p.In)
		if bare && !handshake && !challenge {
			d.Acks++
			continue
		}
		separate(&a.Left, &latest[a.From])
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

// separate moves a time to at least a nanosecond after the latest one at its end,
// because everything that has a label needs its own height.
func separate(at, latest *int64) {
	*at = max(*at, *latest+1)
	*latest = *at
}

// arrivedReset reports whether a reset from the server had reached the client by a
// time.
func arrivedReset(l *wire.Log, c *wire.Connection, by int64) bool {
	for _, p := range c.Packets(l) {
		if p.Direction == wire.FromServer && p.Flags.Has(wire.RST) && p.Arrived() && p.Out <= by {
			return true
		}
	}
	return false
}

// data reports whether the arrow is new data that arrived, without SYN, FIN or RST.
func (a arrow) data() bool {
	return a.Bytes > 0 && a.Flags&(wire.SYN|wire.FIN|wire.RST) == 0 && a.Dropped == wire.Forwarded && !a.Resent
}

// replyReset reports whether the arrow is a reset that replies to a packet and
// arrived. Each packet of late data gets one.
func (a arrow) replyReset() bool {
	return a.Flags&(wire.RST|wire.ACK) == wire.RST && a.Dropped == wire.Forwarded
}

// follows reports whether packet i continues a row of data packets or of resets
// that the packet before it belongs to, with neither a pause nor another event
// between the two. Resets do not separate the data that they reply to, and that
// data does not separate the resets.
func follows(all []arrow, i int, events []Event) bool {
	if i == 0 {
		return false
	}
	a, b := all[i-1], all[i]
	if a.From != b.From || !(a.data() && b.data() || a.replyReset() && b.replyReset()) {
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
		if o.From == a.From || a.replyReset() && o.data() || a.data() && o.replyReset() {
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

// label returns the text of the arrow.
func (a arrow) label() string {
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
	if a.replyReset() && a.Packets > 1 {
		parts = []string{fmt.Sprintf("RST in %d packets", a.Packets)}
	}
	// On a reset the ACK flag shows the cause (see Connection.Cause). On data it
	// shows nothing.
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
