package wire

import (
	"cmp"
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// replay reconstructs one connection after another from its packets. It goes
// through the packets twice, because the two ends saw them in different orders:
// once in the order of the server's end, which sees a packet from the client when
// the path forwards it, and once in the order of the client's end.
type replay struct {
	log *Log
	c   Connection

	toServer, toClient stream
	request            intervals // bytes that left the client
	requestThere       intervals // bytes that reached the server
	answer             intervals // bytes that left the server
	answerThere        intervals // bytes that reached the client
	beforeReset        intervals // of those, bytes that arrived before a reset ended the client's connection
	order              []Ref
}

// stream converts the sequence numbers of one direction, which are modulo 2^32
// (RFC 9293 section 3.4), to offsets into the stream, which are not.
type stream struct {
	first uint32 // sequence number of the first byte
	known bool
	high  int64 // the highest offset seen
}

// begin sets where the stream begins, unless that is known.
func (s *stream) begin(first uint32) {
	if !s.known {
		*s = stream{first: first, known: true}
	}
}

// offset returns the offset of a sequence number, which must be within half the
// sequence space of the highest one seen.
func (s *stream) offset(seq uint32) int64 {
	return s.high + int64(int32(seq-s.first-uint32(s.high)))
}

// payload returns the range of offsets of the packet's payload; hi is exclusive.
func (s *stream) payload(p *Packet) (lo, hi int64) {
	seq := p.Seq
	if p.Flags.Has(SYN) {
		seq++
	}
	lo = s.offset(seq)
	hi = lo + int64(p.Len)
	s.high = max(s.high, hi)
	return lo, hi
}

func (rp *replay) connection(g *incarnation) Connection {
	rp.c = Connection{
		ClientPort:  rp.log.at(g.refs[0]).ClientPort,
		ServerPort:  g.serverPort,
		Incarnation: g.number,
		LogFull:     rp.log.Missed > 0,
		refs:        g.refs,
	}
	for _, s := range []*intervals{&rp.request, &rp.requestThere, &rp.answer, &rp.answerThere, &rp.beforeReset} {
		s.clear()
	}
	rp.toServer, rp.toClient = stream{}, stream{}
	if g.syn {
		rp.toServer.begin(g.clientISN + 1)
	}
	if g.synAck {
		rp.toClient.begin(g.serverISN + 1)
	}
	for _, r := range g.refs {
		p := rp.log.at(r)
		if p.Direction == FromClient {
			rp.toServer.begin(p.Seq)
		} else if !p.Flags.Has(RST) {
			rp.toClient.begin(p.Seq)
		}
	}
	rp.serverEnd()
	rp.clientEnd()
	rp.c.Request, rp.c.RequestArrived = rp.request.bytes, rp.requestThere.bytes
	rp.c.Answer, rp.c.AnswerArrived, rp.c.ArrivedBeforeReset = rp.answer.bytes, rp.answerThere.bytes, rp.beforeReset.bytes
	rp.c.TooManyGaps = rp.answer.overflowed || rp.answerThere.overflowed || rp.beforeReset.overflowed
	return rp.c
}

// inOrderOf returns the packets that an end sent or received, in the order of that
// end. A duplicate made by the path was sent once.
func (rp *replay) inOrderOf(end Direction) []Ref {
	rp.order = rp.order[:0]
	for _, r := range rp.c.refs {
		p := rp.log.at(r)
		if p.Direction == end && p.Disposition != Duplicate || p.Direction != end && p.Arrived() {
			rp.order = append(rp.order, r)
		}
	}
	at := func(r Ref) int64 {
		if p := rp.log.at(r); p.Direction != end {
			return p.Out
		} else {
			return p.In
		}
	}
	slices.SortStableFunc(rp.order, func(a, b Ref) int { return cmp.Compare(at(a), at(b)) })
	return rp.order
}

// serverEnd goes through the packets that the server's end sent and received.
func (rp *replay) serverEnd() {
	c := &rp.c
	end := int64(-1) // offset after the answer, once a FIN or reset has shown it
	decided := false // whether the reset by which the server ended the connection was seen
	order := rp.inOrderOf(FromServer)
	for i, r := range order {
		p := rp.log.at(r)
		if p.Direction == FromClient {
			if c.SynAck != 0 && c.Established == 0 && p.Flags.Has(ACK) {
				c.Established = p.Out
			}
			rp.requestThere.add(rp.toServer.payload(p))
			continue
		}
		if p.Flags.Has(SYN) && c.SynAck == 0 {
			c.SynAck = p.In
		}
		lo, hi := rp.toClient.payload(p)
		if p.Len > 0 {
			if c.AnswerStart == 0 {
				c.AnswerStart = p.In
			}
			if rp.answer.add(lo, hi) < hi-lo {
				c.Retransmitted++
			}
			if p.Disposition == inTransit {
				c.InTransit++
			}
		}
		if p.Flags.Has(FIN) && c.ServerFin == 0 {
			c.ServerFin, end = p.In, hi
		}
		if p.Flags.Has(RST) {
			c.Resets++
			if p.Disposition != Duplicate && !p.Arrived() {
				c.ResetsLost++
			}
			if c.Reset == 0 {
				c.Reset = p.In
			}
			// Two CPUs may send the last packets of a connection. Resets in reply to
			// late data may then overtake the reset that ended the connection.
			if active := p.Flags.Has(ACK); c.Cause == results.NoReset || active && !decided {
				c.Cause, decided = rp.cause(p, order[:i]), active
			}
			if end < 0 && p.Flags.Has(ACK) {
				end = lo
			}
		}
	}
	c.AllSent = rp.answer.bytes > 0 && end >= 0 && rp.answer.contiguous() == rp.answer.end() && rp.answer.end() >= end
}

// cause returns why the server's end sent a reset, given what it had seen before.
//
// Linux sends resets in two ways, which look different on the wire. An active
// reset (tcp_send_active_reset) is sent like any segment: with the ACK flag and
// the next sequence number. A reset in reply to an unacceptable packet
// (tcp_v4_send_reset) takes its sequence number from the acknowledgment of that
// packet and has no ACK flag (RFC 9293 section 3.5.2). Only the reply to a SYN,
// which acknowledges nothing, has one.
//
// Active resets come from __tcp_close. It checks two conditions in this order:
// received data was not read (counted as TCPAbortOnClose), or SO_LINGER is zero
// (TCPAbortOnData). The acknowledgment number of the reset shows what the
// server's kernel had received. Packets do not show whether the server's program
// had read it. So LingerZero is certain: nothing could have been unread.
// UnreadData agrees with the kernel's count for every server that does not set
// SO_LINGER. A server that sets it to zero and has read everything looks the
// same; only the server's ledger (nothing unread at close) distinguishes it. A
// connection that is reset because its listener was closed, or because the limit
// of memory for orphans was reached, gets one of the two causes in the same way.
//
// Resets in reply come from data for a connection that the server has closed
// with a FIN (tcp_rcv_state_process and tcp_timewait_state_process;
// TCPAbortOnData), from a packet for a connection that does not exist
// (tcp_v4_rcv), or from a full accept queue (tcp_abort_on_overflow). The FIN need
// not have been sent: after a lost SYN-ACK the window is one segment (RFC 5681
// section 3.1), which the answer fills. So the cause is LateData if the server
// had sent more than its SYN-ACK, and StrayReset if not.
func (rp *replay) cause(reset *Packet, before []Ref) results.ResetCause {
	if reset.Flags.Has(ACK) {
		switch {
		case rp.c.SynAck == 0 && rp.toServer.known:
			return results.RefusedReset
		case min(rp.toServer.offset(reset.Ack), rp.requestThere.end()) > 0:
			return results.UnreadData
		}
		return results.LingerZero
	}
	if rp.c.ServerFin != 0 || rp.c.AnswerStart != 0 {
		for _, r := range slices.Backward(before) {
			p := rp.log.at(r)
			if p.Direction == FromClient && p.Flags.Has(ACK) && p.Ack == reset.Seq && p.Len > 0 {
				return results.LateData
			}
		}
	}
	return results.StrayReset
}

// clientEnd goes through the packets that the client's end sent and received.
func (rp *replay) clientEnd() {
	c := &rp.c
	var first int64 // when the client sent its first reset
	over := false   // whether a reset has ended the client's connection
	finAt := int64(-1)
	for _, r := range rp.inOrderOf(FromClient) {
		p := rp.log.at(r)
		if p.Direction == FromClient {
			if p.Flags.Has(SYN) {
				c.Syns++
				if c.Syn == 0 {
					c.Syn = p.In
				}
			}
			fresh := rp.request.add(rp.toServer.payload(p))
			if c.AnswerStart != 0 && p.In > c.AnswerStart {
				c.SentAfterAnswer += fresh
			}
			if c.AnswerComplete != 0 {
				c.SentAfterArrival += fresh
			}
			if p.Flags.Has(FIN) && c.ClientFin == 0 {
				c.ClientFin = p.In
			}
			if p.Flags.Has(RST) {
				c.ClientResets++
				if first == 0 {
					first = p.In
				}
				over = true
			}
			continue
		}
		if p.Flags.Has(SYN) && c.Connected == 0 {
			c.Connected = p.Out
		}
		lo, hi := rp.toClient.payload(p)
		rp.answerThere.add(lo, hi)
		if !over {
			rp.beforeReset.add(lo, hi)
		}
		if c.AnswerComplete == 0 && rp.answer.bytes > 0 && rp.answerThere.bytes == rp.answer.bytes {
			c.AnswerComplete = p.Out
		}
		if p.Flags.Has(FIN) {
			finAt = hi
		}
		if p.Flags.Has(RST) && !over && rp.accepts(p, lo, finAt) {
			over, c.ResetAccepted = true, p.Out
		}
	}
	if first != 0 && (c.Reset == 0 || first < c.Reset) {
		c.Reset, c.Cause = first, results.ClientReset
	}
}

// accepts reports whether a reset from the server ends the client's connection. Its
// sequence number must be the next one that the client expects; otherwise the
// client only replies with a challenge ACK (RFC 5961 section 3.2). So a reset
// that follows a lost answer is not accepted, but the reset with which the server
// replies to the challenge is. Linux also accepts a reset just after the last
// byte received, even if there are gaps, and a reset at the sequence number of a
// received FIN (tcp_validate_incoming, tcp_reset_check).
func (rp *replay) accepts(reset *Packet, at, finAt int64) bool {
	if rp.c.Connected == 0 {
		return true // a reply to the SYN
	}
	front, end := rp.beforeReset.contiguous(), rp.beforeReset.end()
	if finAt >= 0 && finAt == front {
		return at == front || at == front+1
	}
	return at == front || at == end
}
