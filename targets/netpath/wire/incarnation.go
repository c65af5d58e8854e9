package wire

import (
	"cmp"
	"slices"
)

// byPort groups the packets of the log by the client's port: the packets of port n
// are refs[from[n]:from[n+1]], in order of entering the path.
func byPort(l *Log) (refs []Ref, from []uint32) {
	const ports = 1 << 16
	from = make([]uint32, ports+1)
	for _, p := range l.all() {
		from[int(p.ClientPort)+1]++
	}
	for i := range ports {
		from[i+1] += from[i]
	}
	refs = make([]Ref, l.Len())
	next := slices.Clone(from)
	for r, p := range l.all() {
		refs[next[p.ClientPort]] = r
		next[p.ClientPort]++
	}
	return refs, from
}

// incarnation is one connection of a pair of ports that may be reused (RFC 9293
// section 3.4).
type incarnation struct {
	serverPort uint16
	number     uint32 // number of earlier connections with these ports
	syn        bool   // whether its SYN was seen
	synAck     bool   // whether its SYN-ACK was seen
	clientISN  uint32
	serverISN  uint32
	clientNext uint32 // after the highest sequence number seen from each side
	serverNext uint32
	refs       []Ref
}

// splitIncarnations separates the connections of one client port. A SYN with
// another initial sequence number begins a new one (RFC 9293 section 3.4.1). A
// packet from the server belongs to the newest connection that it matches: a
// server that does not know that the client has closed may resend an answer after
// the next SYN. The result is in order of first packets.
func splitIncarnations(l *Log, refs []Ref) []*incarnation {
	// The path handles its two directions in turn, so packets of different
	// directions may be in the wrong order in the log.
	slices.SortStableFunc(refs, func(a, b Ref) int { return cmp.Compare(l.at(a).In, l.at(b).In) })
	var all []*incarnation
	for _, r := range refs {
		p := l.at(r)
		g := newestMatch(all, p)
		if g == nil || p.Direction == FromClient && p.Flags&(SYN|ACK) == SYN && !(g.syn && g.clientISN == p.Seq) {
			next := &incarnation{serverPort: p.ServerPort}
			if g != nil {
				next.number = g.number + 1
			}
			all = append(all, next)
			g = next
		}
		g.add(r, p)
	}
	return all
}

// newestMatch returns the newest connection that the packet may belong to; nil if
// none has its ports.
func newestMatch(all []*incarnation, p *Packet) *incarnation {
	var last *incarnation
	for _, g := range slices.Backward(all) {
		if g.serverPort != p.ServerPort {
			continue
		}
		if p.Direction == FromClient || g.canSend(p) {
			return g
		}
		if last == nil {
			last = g
		}
	}
	return last
}

// canSend reports whether a packet from the server can belong to the connection. It
// cannot acknowledge more than the client has sent. A reset without an
// acknowledgment has the sequence number that the client acknowledged (RFC 9293
// section 3.5.2), which is not beyond what the server has sent.
func (g *incarnation) canSend(p *Packet) bool {
	switch {
	case p.Flags.Has(ACK) && g.syn:
		return p.Ack-g.clientISN <= g.clientNext-g.clientISN
	case p.Flags.Has(RST) && g.synAck:
		return p.Seq-g.serverISN <= g.serverNext-g.serverISN
	}
	return !g.syn && !g.synAck
}

// add adds the packet to the connection.
func (g *incarnation) add(r Ref, p *Packet) {
	g.refs = append(g.refs, r)
	next := p.Seq + p.span()
	if p.Direction == FromClient {
		if p.Flags.Has(SYN) && !g.syn {
			g.syn, g.clientISN, g.clientNext = true, p.Seq, next
		}
		if !p.Flags.Has(RST) && int32(next-g.clientNext) > 0 {
			g.clientNext = next
		}
		return
	}
	if p.Flags.Has(SYN|ACK) && !g.synAck {
		g.synAck, g.serverISN, g.serverNext = true, p.Seq, next
	}
	if !p.Flags.Has(RST) && int32(next-g.serverNext) > 0 {
		g.serverNext = next
	}
}
