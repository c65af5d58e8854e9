// Package ladder draws single connections as ladder diagrams: time runs downward,
// the client is on the left, the server on the right.
package ladder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

// Event is something that a program at one end did: connect, read, close.
type Event struct {
	At    int64          // nanoseconds on the path's clock
	End   wire.Direction // where it happened: FromClient is the client's end
	Label string
	mark  bool // whether it is the arrival of the answer, which no program does
}

// Events returns the events that the fleet and the server reported for a
// connection.
func Events(j wire.Joined) []Event {
	var all []Event
	add := func(at int64, end wire.Direction, label string) {
		if at != 0 {
			all = append(all, Event{At: at, End: end, Label: label})
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
	from        wire.Direction
	left        int64 // when the first packet left
	lastLeft    int64 // when the last packet left
	arrived     int64 // when the first packet arrived; 0 if none did
	lastArrived int64 // when the last packet arrived
	packets     int
	bytes       int64
	flags       wire.Flags
	resent      bool             // its bytes, or its SYN, were sent before
	dropped     wire.Disposition // why it did not arrive; Forwarded if it did
	answer      string           // names the answer whose bytes it carries; empty for other data
}

// Drawing is the ladder diagram of one connection.
type Drawing struct {
	Title  string
	arrows []arrow // in order of leaving
	events []Event // in order of time
	// acks counts the bare acknowledgments that are not drawn. omitted counts the
	// packets in the middle of a long connection that are not drawn.
	acks, omitted int
	unread        span // while the answer lay in the client's kernel
}

// span is from a moment at the client until another; zero for none.
type span struct{ from, to int64 }

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
	d := Drawing{events: events}
	var drawn []arrow
	latest = [2]int64{}
	resent := c.Resent(l)
	for r, p := range c.Packets(l) {
		if p.Disposition == wire.Duplicate {
			continue
		}
		a := arrow{from: p.Direction, left: p.In, arrived: p.Out, lastArrived: p.Out, packets: 1, bytes: int64(p.Len), flags: p.Flags, resent: resent[r], dropped: wire.Forwarded}
		if !p.Arrived() {
			a.dropped = p.Disposition
		}
		bare := p.Len == 0 && p.Flags&(wire.SYN|wire.FIN|wire.RST) == 0
		handshake := p.Direction == wire.FromClient && p.Out != 0 && p.Out == c.Established
		challenge := p.Direction == wire.FromClient && c.Cause.Server() && arrivedReset(l, c, p.In)
		if bare && !handshake && !challenge {
			d.acks++
			continue
		}
		separate(&a.left, &latest[a.from])
		a.lastLeft = a.left
		drawn = append(drawn, a)
	}
	for i, a := range drawn {
		if n := len(d.arrows); n > 0 && follows(drawn, i, events) {
			d.arrows[n-1].join(a)
			continue
		}
		d.arrows = append(d.arrows, a)
	}
	if len(d.arrows) > firstArrows+lastArrows {
		for _, a := range d.arrows[firstArrows : len(d.arrows)-lastArrows] {
			d.omitted += a.packets
		}
		d.arrows = slices.Delete(d.arrows, firstArrows, len(d.arrows)-lastArrows)
	}
	return d
}

// MarkAnswer names the answer in the drawing, and marks for how long it lay in the
// client's kernel before the client's code read it: until its first read or, without
// one, until the attempt's end. It leaves a connection unmarked that carries other
// bytes of the server: earlier answers, or TLS records.
func (d *Drawing) MarkAnswer(j wire.Joined) {
	if j.Attempt == nil || j.Extra != (wire.Extra{}) {
		return
	}
	name := "503"
	if j.Attempt.Outcome == results.Admitted {
		name = "answer"
	}
	var arrived int64
	for i := range d.arrows {
		a := &d.arrows[i]
		if a.from != wire.FromServer || a.bytes == 0 {
			continue
		}
		a.answer = name
		if a.dropped == wire.Forwarded && arrived == 0 {
			arrived = a.arrived
		}
	}
	if arrived == 0 {
		return
	}
	for i := range d.events {
		e := &d.events[i]
		read := e.At >= j.Attempt.FirstByte && j.Attempt.FirstByte > 0
		ended := e.At >= j.Attempt.End && j.Attempt.End > 0
		if e.End != wire.FromClient || e.At <= arrived || !read && !ended {
			continue
		}
		waited := fmt.Sprintf("%.2f ms", float64(e.At-arrived)/1e6)
		if read {
			e.Label += fmt.Sprintf(" (%s lay unread %s)", name, waited)
		} else {
			e.Label += fmt.Sprintf(" (%s still unread after %s)", name, waited)
		}
		d.unread = span{arrived, e.At}
		break
	}
	if d.unread == (span{}) {
		return
	}
	d.events = append(d.events, Event{At: arrived, End: wire.FromClient, Label: name + " lies unread", mark: true})
	slices.SortStableFunc(d.events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
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
	return a.bytes > 0 && a.flags&(wire.SYN|wire.FIN|wire.RST) == 0 && a.dropped == wire.Forwarded && !a.resent
}

// replyReset reports whether the arrow is a reset that replies to a packet and
// arrived. Each packet of late data gets one.
func (a arrow) replyReset() bool {
	return a.flags&(wire.RST|wire.ACK) == wire.RST && a.dropped == wire.Forwarded
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
	if a.from != b.from || !(a.data() && b.data() || a.replyReset() && b.replyReset()) {
		return false
	}
	if pause := max((a.arrived-a.left)/4, int64(time.Millisecond)); b.left-a.left > pause {
		return false
	}
	between := func(at, from, to int64) bool { return from < at && at < to }
	for _, e := range events {
		from, to := a.left, b.left
		if e.End != a.from {
			from, to = a.arrived, b.arrived
		}
		if between(e.At, from, to) {
			return false
		}
	}
	for _, o := range all {
		if o.from == a.from || a.replyReset() && o.data() || a.data() && o.replyReset() {
			continue
		}
		if between(o.arrived, a.left, b.left) || between(o.left, a.arrived, b.arrived) {
			return false
		}
	}
	return true
}

func (a *arrow) join(b arrow) {
	a.packets++
	a.bytes += b.bytes
	a.lastLeft, a.lastArrived = max(a.lastLeft, b.left), max(a.lastArrived, b.arrived)
}

// label returns the text of the arrow.
func (a arrow) label() string {
	var parts []string
	if a.flags.Has(wire.SYN) {
		parts = append(parts, "SYN")
	}
	if a.bytes > 0 {
		data := fmt.Sprintf("data %d bytes", a.bytes)
		if a.answer != "" {
			data = fmt.Sprintf("%s, %d bytes", a.answer, a.bytes)
		}
		if a.packets > 1 {
			data += fmt.Sprintf(" in %d packets", a.packets)
		}
		parts = append(parts, data)
	}
	for _, f := range []struct {
		flag wire.Flags
		name string
	}{{wire.FIN, "FIN"}, {wire.RST, "RST"}} {
		if a.flags.Has(f.flag) {
			parts = append(parts, f.name)
		}
	}
	if a.replyReset() && a.packets > 1 {
		parts = []string{fmt.Sprintf("RST in %d packets", a.packets)}
	}
	// On a reset the ACK flag shows the cause (see Connection.Cause). On data it
	// shows nothing.
	if a.flags.Has(wire.ACK) && (a.flags&(wire.SYN|wire.RST) != 0 || len(parts) == 0) {
		parts = append(parts, "ACK")
	}
	label := strings.Join(parts, ", ")
	if a.resent {
		label += ", again"
	}
	if a.dropped != wire.Forwarded {
		label += " (" + a.dropped.String() + ")"
	}
	return label
}
