package wire

import (
	"cmp"
	"iter"
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// Connection is what the packets of one connection show. Times are in nanoseconds
// on the path's clock, at the end where the event happened; 0 if it never
// happened. Bytes are counted once, however often they were sent.
type Connection struct {
	ClientPort  uint16
	ServerPort  uint16
	Incarnation uint32 // number of earlier connections with the same ports

	Syn         int64 // the first SYN left the client
	SynAck      int64 // the first SYN-ACK left the server
	Connected   int64 // a SYN-ACK reached the client
	Established int64 // the last segment of the handshake, or the first later ACK, reached the server
	Syns        int   // how often the SYN left the client

	Request        int64 // bytes that left the client
	RequestArrived int64 // of those, bytes that reached the server
	ClientFin      int64 // the first FIN left the client

	Answer             int64 // bytes that left the server
	AnswerStart        int64 // when the first of them left
	AnswerComplete     int64 // when the last missing byte reached the client; 0 if one is still missing
	AnswerArrived      int64 // bytes of which a copy reached the client's end
	ArrivedBeforeReset int64 // of those, bytes that arrived before a reset ended the client's connection
	Retransmitted      int   // packets with bytes of the answer that had left before
	InTransit          int   // packets with bytes of the answer that were in transit when the path was closed
	ServerFin          int64 // the first FIN left the server

	// AllSent reports that the bytes that left the server have no gap and extend to
	// its FIN or, without a FIN, to the reset by which it closed. A reset discards
	// what is still queued (tcp_write_queue_purge), which no packet shows. Only the
	// server's ledger can show it.
	AllSent bool

	// Cause is which end reset the connection first, by the times at which the
	// resets left, and why. See replay.cause for what packets can show.
	Cause         results.ResetCause
	Reset         int64 // when the first reset left its end
	ResetAccepted int64 // when a reset of the server ended the client's connection; see replay.accepts
	Resets        int   // resets that left the server
	ResetsLost    int   // of those, resets that never reached the client
	ClientResets  int   // resets that left the client

	SentAfterAnswer  int64 // bytes that first left the client after AnswerStart
	SentAfterArrival int64 // bytes that first left the client after AnswerComplete

	// TooManyGaps is set if an answer had more than maxIntervals gaps:
	// AnswerArrived and ArrivedBeforeReset may be too small.
	TooManyGaps bool
	// LogFull is set if the log missed packets. They may belong to this connection.
	LogFull bool

	refs []Ref // in order of entering the path
}

// Packets yields the connection's packets, in order of entering the path.
func (c *Connection) Packets(l *Log) iter.Seq2[Ref, Packet] {
	return func(yield func(Ref, Packet) bool) {
		for _, r := range c.refs {
			if !yield(r, l.Packet(r)) {
				return
			}
		}
	}
}

// Resent returns the packets of the connection that resend earlier bytes or the
// client's SYN.
func (c *Connection) Resent(l *Log) map[Ref]bool {
	resent := map[Ref]bool{}
	var sent [2]intervals
	var streams [2]stream
	syn := false
	for r, p := range c.Packets(l) {
		if p.Disposition == Duplicate {
			continue
		}
		if p.Flags.Has(SYN) && p.Direction == FromClient {
			resent[r] = syn
			syn = true
		}
		if p.Len > 0 {
			s := &streams[p.Direction]
			s.begin(p.Seq)
			lo, hi := s.payload(&p)
			resent[r] = sent[p.Direction].add(lo, hi) < hi-lo
		}
	}
	return resent
}

// Connections reconstructs the connections of the log, in order of their first
// packet.
func Connections(l *Log) []Connection {
	refs, from := byPort(l)
	var all []Connection
	rp := replay{log: l}
	for port := range len(from) - 1 {
		for _, g := range splitIncarnations(l, refs[from[port]:from[port+1]]) {
			all = append(all, rp.connection(g))
		}
	}
	slices.SortStableFunc(all, func(a, b Connection) int {
		return cmp.Compare(l.at(a.refs[0]).In, l.at(b.refs[0]).In)
	})
	return all
}
