package wire

import (
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

// only returns the only connection of a script.
func (s *script) only(t *testing.T) Connection {
	t.Helper()
	all := Connections(s.log)
	if len(all) != 1 {
		t.Fatalf("%d connections, want 1: %+v", len(all), all)
	}
	return all[0]
}

// wraps are initial sequence numbers for the scripts. With some of them each sum
// crosses the end of the sequence space.
var wraps = [][2]uint32{{0, 0}, {1 << 31, 1<<31 - 50}, {1<<32 - 1, 1<<32 - 60}, {1<<32 - 500, 1<<32 - 1}}

func TestConnectionIsReconstructedAtAnySequenceNumber(t *testing.T) {
	for _, tt := range []struct {
		name  string
		story func(s *script)
		want  Connection // without the times of the handshake
	}{
		{"the answer and the reset of a close over unread data arrive", func(s *script) {
			s.send(20, client(1, ACK|psh, 1, 1, 1000))
			s.send(30, server(1, ACK|psh, 1, 1001, 170))
			s.send(31, server(1, RST|ACK, 171, 1001, 0))
			s.send(35, client(1, ACK, 1001, 1, 400))
		}, Connection{
			Request: 1400, RequestArrived: 1400, Answer: 170, AnswerStart: 30e6, AnswerComplete: 40e6, AnswerArrived: 170, ArrivedBeforeReset: 170, AllSent: true,
			Cause: results.UnreadData, Reset: 31e6, ResetAccepted: 41e6, Resets: 1, SentAfterAnswer: 400,
		}},
		{"a lost answer is not sent again once the server has reset, and only the second reset takes", func(s *script) {
			s.send(20, client(1, ACK|psh, 1, 1, 1000))
			s.drop(30, server(1, ACK|psh, 1, 1001, 170))
			s.send(31, server(1, RST|ACK, 171, 1001, 0)) // not the sequence number that the client expects
			s.send(41, client(1, ACK, 1001, 1, 0))       // so it sends a challenge ACK
			s.send(51, server(1, RST, 1, 0, 0))
		}, Connection{
			Request: 1000, RequestArrived: 1000, Answer: 170, AnswerStart: 30e6, AllSent: true,
			Cause: results.UnreadData, Reset: 31e6, ResetAccepted: 61e6, Resets: 2,
		}},
		{"a lost answer is sent again by a server that has not reset", func(s *script) {
			s.send(20, client(1, ACK|psh, 1, 1, 1000))
			s.drop(30, server(1, ACK|psh, 1, 1001, 170))
			s.send(31, server(1, FIN|ACK, 171, 1001, 0))
			s.send(230, server(1, ACK|psh, 1, 1001, 170))
			s.send(240, client(1, FIN|ACK, 1001, 172, 0))
		}, Connection{
			Request: 1000, RequestArrived: 1000, ClientFin: 240e6,
			Answer: 170, AnswerStart: 30e6, AnswerComplete: 240e6, AnswerArrived: 170, ArrivedBeforeReset: 170, AllSent: true, Retransmitted: 1, ServerFin: 31e6,
		}},
		{"data that comes after the FIN is answered by a reset that acknowledges nothing", func(s *script) {
			s.send(30, server(1, ACK|psh, 1, 1, 170))
			s.send(30.1, server(1, FIN|ACK, 171, 1, 0))
			s.send(40.2, client(1, ACK, 1, 172, 0))
			s.send(41, client(1, ACK|psh, 1, 172, 1000))
			s.send(51, server(1, RST, 172, 0, 0))
		}, Connection{
			Request: 1000, RequestArrived: 1000, Answer: 170, AnswerStart: 30e6, AnswerComplete: 40e6, AnswerArrived: 170, ArrivedBeforeReset: 170, AllSent: true,
			ServerFin: 30.1e6, Cause: results.LateData, Reset: 51e6, ResetAccepted: 61e6, Resets: 1, SentAfterAnswer: 1000, SentAfterArrival: 1000,
		}},
		{"a reset is lost", func(s *script) {
			s.send(30, server(1, ACK|psh, 1, 1, 170))
			s.drop(30, server(1, RST|ACK, 171, 1, 0))
		}, Connection{
			Answer: 170, AnswerStart: 30e6, AnswerComplete: 40e6, AnswerArrived: 170, ArrivedBeforeReset: 170, AllSent: true,
			Cause: results.LingerZero, Reset: 30e6, Resets: 1, ResetsLost: 1,
		}},
		{"data that had left before the reset was sent does not count as arrived before it", func(s *script) {
			s.send(29.9, client(1, ACK|psh, 1, 1, 1000)) // arrives at 39.9
			s.send(30, server(1, ACK|psh, 1, 1, 170))
			s.send(39.95, server(1, RST|ACK, 171, 1, 0)) // the kernel had not received it yet
		}, Connection{
			Request: 1000, RequestArrived: 1000, Answer: 170, AnswerStart: 30e6, AnswerComplete: 40e6, AnswerArrived: 170, ArrivedBeforeReset: 170, AllSent: true,
			Cause: results.LingerZero, Reset: 39.95e6, ResetAccepted: 49.95e6, Resets: 1,
		}},
		{"an answer to late data gets ahead of the reset that the server closed by", func(s *script) {
			s.send(20, client(1, ACK|psh, 1, 1, 1000))
			s.send(20.1, client(1, ACK|psh, 1001, 1, 1000))
			s.send(30.05, server(1, ACK|psh, 1, 1001, 170))
			s.send(30.11, server(1, RST, 1, 0, 0))
			s.send(30.12, server(1, RST|ACK, 171, 1001, 0))
		}, Connection{
			Request: 2000, RequestArrived: 2000, Answer: 170, AnswerStart: 30.05e6, AnswerComplete: 40.05e6, AnswerArrived: 170, ArrivedBeforeReset: 170, AllSent: true,
			Cause: results.UnreadData, Reset: 30.11e6, ResetAccepted: 40.12e6, Resets: 2,
		}},
		{"data that comes after a close whose FIN the congestion window keeps back", func(s *script) {
			s.send(21, client(1, ACK|psh, 1, 1, 1000))
			s.send(30, server(1, ACK|psh, 1, 1, 170))
			s.send(31.1, server(1, RST, 1, 0, 0))
			s.send(41, client(1, ACK, 1001, 171, 0))
			s.send(51, server(1, RST, 171, 0, 0))
		}, Connection{
			Request: 1000, RequestArrived: 1000, Answer: 170, AnswerStart: 30e6, AnswerComplete: 40e6, AnswerArrived: 170, ArrivedBeforeReset: 170,
			Cause: results.LateData, Reset: 31.1e6, ResetAccepted: 61e6, Resets: 2,
		}},
		{"a server that knows nothing of the connection", func(s *script) {
			s.send(30, client(1, ACK|psh, 1, 1, 1000))
			s.send(40, server(1, RST, 1, 0, 0))
		}, Connection{Request: 1000, RequestArrived: 1000, Cause: results.StrayReset, Reset: 40e6, ResetAccepted: 50e6, Resets: 1}},
		{"the client resets first, and the answer comes too late", func(s *script) {
			s.send(30, client(1, RST|ACK, 1, 1, 0))
			s.send(35, server(1, ACK|psh, 1, 1, 170))
			s.send(45, client(1, RST, 1, 0, 0))
		}, Connection{
			Answer: 170, AnswerStart: 35e6, AnswerComplete: 45e6, AnswerArrived: 170,
			Cause: results.ClientReset, Reset: 30e6, ClientResets: 2,
		}},
		{"the answer comes behind the reset, which takes only at its own place", func(s *script) {
			a := s.enter(30, server(1, ACK|psh, 1, 1, 170))
			s.send(30, server(1, RST|ACK, 171, 1, 0))
			s.log.Forward(a, 45e6)
		}, Connection{
			Answer: 170, AnswerStart: 30e6, AnswerComplete: 45e6, AnswerArrived: 170, ArrivedBeforeReset: 170, AllSent: true,
			Cause: results.LingerZero, Reset: 30e6, Resets: 1,
		}},
		{"a copy that the path made is not one that the server sent", func(s *script) {
			a := s.send(30, server(1, ACK|psh, 1, 1, 170))
			s.log.Duplicate(a, 41e6)
			r := s.send(30, server(1, FIN|ACK, 171, 1, 0))
			s.log.Duplicate(r, 41e6)
		}, Connection{
			Answer: 170, AnswerStart: 30e6, AnswerComplete: 40e6, AnswerArrived: 170, ArrivedBeforeReset: 170, AllSent: true, ServerFin: 30e6,
		}},
		{"an answer of several segments with its middle lost", func(s *script) {
			s.send(30, server(1, ACK, 1, 1, 1000))
			s.drop(30, server(1, ACK, 1001, 1, 1000))
			s.send(30, server(1, ACK|FIN, 2001, 1, 500))
		}, Connection{Answer: 2500, AnswerStart: 30e6, AnswerArrived: 1500, ArrivedBeforeReset: 1500, AllSent: true, ServerFin: 30e6}},
		{"an answer without an end", func(s *script) {
			s.send(30, server(1, ACK, 1, 1, 1000))
		}, Connection{Answer: 1000, AnswerStart: 30e6, AnswerComplete: 40e6, AnswerArrived: 1000, ArrivedBeforeReset: 1000}},
		{"an answer that is still on the path", func(s *script) {
			s.enter(30, server(1, ACK|FIN, 1, 1, 1000))
		}, Connection{Answer: 1000, AnswerStart: 30e6, AllSent: true, ServerFin: 30e6, InTransit: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, isn := range wraps {
				s := newScript()
				s.isn = isn
				s.shake(0, 1)
				tt.story(s)
				got := s.only(t)
				tt.want.ClientPort, tt.want.ServerPort = 1, testPort
				tt.want.Syn, tt.want.Syns, tt.want.SynAck, tt.want.Connected, tt.want.Established = 0, 1, 10e6, 20e6, 30e6
				if got.Established == 0 {
					t.Errorf("the handshake never ended")
				}
				got.refs, tt.want.refs = nil, nil
				tt.want.Established = got.Established
				if diff := differ(got, tt.want); diff != "" {
					t.Errorf("with streams from %v: %s", isn, diff)
				}
			}
		})
	}
}

func TestRefusedConnectionIsRecognised(t *testing.T) {
	s := newScript()
	s.send(1, client(1, SYN, 5, 0, 0))
	s.send(11, server(1, RST|ACK, 0, 6, 0))
	if c := s.only(t); c.Cause != results.RefusedReset || c.ResetAccepted != 21e6 {
		t.Errorf("%+v", c)
	}
}

func TestReusedPortIsAnotherConnection(t *testing.T) {
	s := newScript()
	s.send(1, client(9, SYN, 100, 0, 0))
	s.send(1000, client(9, SYN, 100, 0, 0)) // resent: the same connection
	s.send(1010, server(9, SYN|ACK, 7000, 101, 0))
	s.send(1020, client(9, ACK, 101, 7001, 0))
	s.drop(1030, server(9, ACK|FIN, 7001, 101, 170)) // its loss is not known yet when the port is reused
	s.send(1030, client(9, RST|ACK, 101, 7001, 0))
	s.send(1040, client(9, SYN, 900_000, 0, 0))
	s.send(1050, server(9, SYN|ACK, 40_000, 900_001, 0))
	s.send(1055, server(9, ACK|FIN, 7001, 101, 170)) // the first connection's, after the second's SYN
	s.send(1060, client(9, ACK, 900_001, 40_001, 0))
	s.send(1070, server(9, RST, 7001, 0, 0)) // the first connection's as well
	all := Connections(s.log)
	if len(all) != 2 || all[0].Incarnation != 0 || all[1].Incarnation != 1 {
		t.Fatalf("want two connections: %+v", all)
	}
	if a := all[0]; a.Syns != 2 || a.Retransmitted != 1 || a.Answer != 170 || a.Resets != 1 || len(a.refs) != 8 {
		t.Errorf("the first: %+v", a)
	}
	if b := all[1]; b.Syns != 1 || b.Answer != 0 || b.Resets != 0 || len(b.refs) != 3 {
		t.Errorf("the second: %+v", b)
	}
}

func TestEveryPacketBelongsToExactlyOneConnection(t *testing.T) {
	s := newScript()
	for port := uint16(1); port < 200; port++ {
		s.shake(float64(port), port%50+1)
		s.send(float64(port)+5, server(port%50+1, RST, uint32(port), 0, 0))
	}
	seen := map[Ref]int{}
	for _, c := range Connections(s.log) {
		for r, p := range c.Packets(s.log) {
			seen[r]++
			if p.ClientPort != c.ClientPort {
				t.Errorf("a packet of port %d in a connection of port %d", p.ClientPort, c.ClientPort)
			}
		}
	}
	if len(seen) != s.log.Len() {
		t.Errorf("%d packets in connections, %d in the log", len(seen), s.log.Len())
	}
	for r, n := range seen {
		if n != 1 {
			t.Errorf("packet %d is in %d connections", r, n)
		}
	}
}
