package wire

import (
	"cmp"
	"iter"
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// Connection is what crossed the wire of one connection. Times are nanoseconds
// on the path's clock, taken at the end where the thing happened, and 0 when it
// never did. Bytes are counted once however often they were sent.
type Connection struct {
	ClientPort  uint16
	ServerPort  uint16
	Incarnation uint32 // connections of the same ports before it

	Syn         int64 // the first SYN left the client
	SynAck      int64 // the first SYN-ACK left the server
	Connected   int64 // a SYN-ACK reached the client
	Established int64 // the handshake's last segment reached the server, or one that stands for it
	Syns        int   // how often the SYN left the client

	Request        int64 // bytes that left the client
	RequestArrived int64 // of those, bytes that reached the server
	ClientFin      int64 // the first FIN left the client

	Answer             int64 // bytes that left the server
	AnswerStart        int64 // the first of them left
	AnswerComplete     int64 // the last byte that was missing reached the client; 0 while one is
	AnswerArrived      int64 // bytes of which a copy reached the client's end
	ArrivedBeforeReset int64 // of those, bytes that came before a reset had ended the client's connection
	Retransmitted      int   // packets with bytes of the answer that had left before
	InTransit          int   // packets with bytes of the answer that were on the path when it ended
	ServerFin          int64 // the first FIN left the server

	// AnswerWhole tells that the bytes that left the server are all that it had
	// to send: they have no gap and reach up to its FIN or, without a FIN, to
	// the reset that it closed by. A reset throws away what is still queued
	// (tcp_write_queue_purge), and nothing on the wire tells that it was there;
	// for that the server's ledger is needed.
	AllSent bool

	// Cause is who reset the connection first, by when the resets left their
	// ends, and on what. See judge.cause for what the packets can tell of that.
	Cause         results.ResetCause
	Reset         int64 // the first reset left its end
	ResetAccepted int64 // a reset of the server ended the client's connection; see takes
	Resets        int   // resets that left the server
	ResetsLost    int   // of those, resets that never reached the client
	ClientResets  int   // resets that left the client

	SentAfterAnswer  int64 // bytes that first left the client after AnswerAt
	SentAfterArrival int64 // bytes that first left the client after AnswerThere

	// Blurred is set when an answer had more gaps than are told apart: Arrived
	// and InTime may be too small.
	TooManyGaps bool
	// Cut is set when the log missed packets, which may be this connection's.
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

// Resent returns the connection's packets that carry bytes, or a SYN of the
// client, that had left before.
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

// Ledger tells the log's connections apart and says what crossed the wire of
// each, in order of their first packet.
func Connections(l *Log) []Connection {
	refs, from := byPort(l)
	var all []Connection
	j := replay{log: l}
	for port := range len(from) - 1 {
		for _, g := range splitIncarnations(l, refs[from[port]:from[port+1]]) {
			all = append(all, j.connection(g))
		}
	}
	slices.SortStableFunc(all, func(a, b Connection) int {
		return cmp.Compare(l.at(a.refs[0]).In, l.at(b.refs[0]).In)
	})
	return all
}
