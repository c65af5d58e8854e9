package wire

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

func TestEachFateFollowsFromTheLedgers(t *testing.T) {
	entry := func(answer int64) *Entry { return &Entry{Rejected: true, Answer: answer} }
	saw := func(o results.Outcome, received int64) *Attempt { return &Attempt{Outcome: o, Received: received} }
	whole := Connection{Answer: 170, AnswerArrived: 170, ArrivedBeforeReset: 170, AllSent: true}
	lost := Connection{Answer: 170, AllSent: true}
	for _, tt := range []struct {
		name  string
		conn  *Connection
		saw   *Attempt
		wrote *Entry
		want  results.Fate
		why   string
	}{
		{"read", &whole, saw(results.Delivered, 170), entry(170), results.Read, ""},
		{"read before a reset", &whole, saw(results.DeliveredThenReset, 170), entry(170), results.Read, ""},
		{"read, though it is no 503", &whole, saw(results.BadResponse, 170), entry(170), results.Read, ""},
		{"read, from a server without a ledger", &whole, saw(results.Delivered, 170), nil, results.Read, ""},
		{"arrived", &whole, saw(results.ResetReceive, 0), entry(170), results.ArrivedNotRead, ""},
		{"arrived, and only a part was read", &whole, saw(results.Truncated, 100), entry(170), results.ArrivedNotRead, ""},
		{"arrived after the reset", &Connection{Answer: 170, AnswerArrived: 170, AllSent: true}, saw(results.ResetSend, 0), entry(170), results.ArrivedNotRead, ""},
		{"lost", &lost, saw(results.ResetSend, 0), entry(170), results.LostOnPath, ""},
		{"a part lost", &Connection{Answer: 170, AnswerArrived: 100, AllSent: true}, saw(results.Truncated, 100), entry(170), results.LostOnPath, ""},
		{"lost, whatever the client is", &lost, nil, entry(170), results.LostOnPath, ""},
		{"nothing written", &Connection{}, saw(results.ResetSend, 0), entry(0), results.NeverSent, ""},
		{"written, and thrown away by the reset", &Connection{}, saw(results.ResetSend, 0), entry(170), results.NeverSent, ""},
		{"a part written that never left", &whole, saw(results.Truncated, 170), entry(5000), results.NeverSent, ""},
		{"no end of the answer, from a server without a ledger", &Connection{Answer: 170, AnswerArrived: 170}, saw(results.TimeoutReceive, 170), nil, results.NeverSent, ""},

		{"no packets", nil, saw(results.Delivered, 170), entry(170), results.UnknownFate, "was recorded"},
		{"no report of the client", &whole, nil, entry(170), results.UnknownFate, "reported nothing"},
		{"read, but never sent", &Connection{}, saw(results.Delivered, 170), entry(170), results.UnknownFate, "0 bytes of it left"},
		{"read, but lost", &lost, saw(results.Delivered, 170), entry(170), results.UnknownFate, "0 arrived"},
		{"more left than was written", &whole, saw(results.ResetSend, 0), entry(100), results.UnknownFate, "100 bytes written"},
		{"read, and more of another's server is on the path", &Connection{Answer: 190, AnswerArrived: 143, AllSent: true, InTransit: 1}, saw(results.Delivered, 143), nil, results.Read, ""},
		{"read, and more of it is on the path", &Connection{Answer: 190, AnswerArrived: 143, AllSent: true, InTransit: 1}, saw(results.Delivered, 143), entry(190), results.UnknownFate, "143 arrived"},
		{"still in transit", &Connection{Answer: 170, AllSent: true, InTransit: 1}, saw(results.TimeoutReceive, 0), entry(170), results.UnknownFate, "still in transit"},
		{"the log was full", &Connection{LogFull: true}, saw(results.ResetSend, 0), entry(170), results.UnknownFate, "full"},
		{"too many gaps", &Connection{Answer: 170, AllSent: true, TooManyGaps: true}, saw(results.ResetSend, 0), entry(170), results.UnknownFate, "gaps"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, why := Joined{Conn: tt.conn, Attempt: tt.saw, Entry: tt.wrote}.Fate()
			if got != tt.want || !strings.Contains(why, tt.why) || (got == results.UnknownFate) != (why != "") {
				t.Errorf("%v, %q; want %v, %q", got, why, tt.want, tt.why)
			}
		})
	}
}

// With TLS each end counts plain text or cipher text, and the last record of the
// stream does not belong to the answer.
func TestCloseNotifyIsNotPartOfTheAnswer(t *testing.T) {
	saw := func(o results.Outcome) *Attempt { return &Attempt{Outcome: o, Received: 170} }
	entry := &Entry{Rejected: true, Answer: 900, Tail: 24}
	for _, tt := range []struct {
		name  string
		conn  Connection
		saw   *Attempt
		wrote *Entry
		want  results.Fate
	}{
		{"all of it", Connection{Answer: 900, AnswerArrived: 900}, saw(results.Delivered), entry, results.Read},
		{"the end never left", Connection{Answer: 876, AnswerArrived: 876}, saw(results.Delivered), entry, results.Read},
		{"the end was lost", Connection{Answer: 900, AnswerArrived: 876}, saw(results.DeliveredThenReset), entry, results.Read},
		{"the end was lost, and the client gave up", Connection{Answer: 900, AnswerArrived: 876}, saw(results.BrokenPipe), entry, results.ArrivedNotRead},
		{"the answer was lost", Connection{Answer: 900, AnswerArrived: 700}, saw(results.ResetReceive), entry, results.LostOnPath},
		{"the answer never left", Connection{Answer: 700, AnswerArrived: 700}, saw(results.ResetReceive), entry, results.NeverSent},
		{"the answer never left, but was read", Connection{Answer: 0, AnswerArrived: 0}, saw(results.Delivered), entry, results.UnknownFate},
		{"no ledger, no FIN, and no report of the client", Connection{Answer: 876, AnswerArrived: 876}, nil, nil, results.UnknownFate},
		{"no ledger, no FIN, read", Connection{Answer: 876, AnswerArrived: 876}, saw(results.Delivered), nil, results.Read},
		{"no ledger, the answer was lost", Connection{Answer: 900, AnswerArrived: 700, AllSent: true}, saw(results.ResetReceive), nil, results.LostOnPath},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := Joined{Conn: &tt.conn, Attempt: tt.saw, Entry: tt.wrote, Extra: Extra{TLS: true}}
			if got, why := j.Fate(); got != tt.want {
				t.Errorf("%v (%s), want %v", got, why, tt.want)
			}
		})
	}
}

// rejected logs a rejection with an unread request of 1000 bytes, and returns the
// ledger entries of both ends.
func (s *script) rejected(ms float64, port uint16, o results.Outcome) (Attempt, Entry) {
	s.isn = [2]uint32{s.isn[0] + 1_000_003, s.isn[1] + 7_000_001} // those of a kernel grow with the clock
	s.shake(ms, port)
	s.send(ms+20, client(port, ACK, 1, 1, 1000))
	s.send(ms+30, server(port, ACK, 1, 1001, 170))
	s.send(ms+32, server(port, RST|ACK, 171, 1001, 0))
	at := int64(ms * 1e6)
	a := Attempt{Port: port, Connected: at + 20e6, Outcome: o, Started: at - 5000, End: at + 45e6, Sent: 1000}
	if o.IsDelivered() {
		a.Received = 170
	}
	return a, Entry{Port: port, Rejected: true, Accepted: at + 30.1e6, Closed: at + 32e6, Answer: 170}
}

func TestAgreeingLedgersAreJoinedOneToOne(t *testing.T) {
	s := newScript()
	var attempts []Attempt
	var entries []Entry
	const n = 300
	for i := range n {
		// Every port is reused as soon as its connection is reset.
		a, e := s.rejected(float64(i/10)*50+float64(i%10)+1, uint16(i%10+1), []results.Outcome{results.DeliveredThenReset, results.ResetSend}[i%2])
		attempts, entries = append([]Attempt{a}, attempts...), append(entries, e)
	}
	conns := Connections(s.log)
	joined := Join(conns, attempts, entries)
	if len(joined) != n {
		t.Fatalf("%d connections of %d", len(joined), n)
	}
	got := Total(s.log, joined, Ledgers{true, true})
	if want := (results.WireAgreement{Wire: n, Fleet: n, Server: n, Agreed: n, Disagreements: []results.WireDisagreement{}}); differ(got.Agreement, want) != "" {
		t.Error(differ(got.Agreement, want))
	}
	if got.Rejections != n || got.Fates["read"] != n/2 || got.Fates["arrived-not-read"] != n/2 || got.Resets["unread-data"] != n || got.Connections != n {
		t.Errorf("%+v", got)
	}
	if got.FateOutcomes["arrived-not-read"]["reset-send"] != n/2 {
		t.Errorf("fates and outcomes: %v", got.FateOutcomes)
	}
	if p := got.AnswerToResetMs; p.Count != n || p.P50 < 1.99 || p.P50 > 2.01 {
		t.Errorf("from answer to reset: %+v", p)
	}
	var sum int64
	for _, f := range got.Fates {
		sum += f
	}
	if sum != got.Rejections {
		t.Errorf("fates add up to %d of %d rejections", sum, got.Rejections)
	}
}

func TestDisagreementsOfLedgersAreListed(t *testing.T) {
	s := newScript()
	var attempts []Attempt
	var entries []Entry
	for port := uint16(1); port <= 8; port++ {
		a, e := s.rejected(float64(port)*100, port, results.DeliveredThenReset)
		switch port {
		case 1: // the fleet has no attempt
		case 2:
			attempts = append(attempts, a) // the server never saw it
		case 3:
			a.Received = 171
			attempts, entries = append(attempts, a), append(entries, e)
		case 4:
			a.Sent = 999
			attempts, entries = append(attempts, a), append(entries, e)
		case 5:
			e.Read = 1001
			attempts, entries = append(attempts, a), append(entries, e)
		case 6: // no packets are recorded for this port
			a.Port, e.Port = 60, 61
			attempts, entries = append(attempts, a), append(entries, e)
		default:
			attempts, entries = append(attempts, a), append(entries, e)
		}
	}
	attempts = append(attempts, Attempt{Outcome: results.LocalError}, Attempt{Port: 70, Outcome: results.TimeoutConnect})
	got := Total(s.log, Join(Connections(s.log), attempts, entries), Ledgers{true, true}).Agreement
	var what []string
	for _, d := range got.Disagreements {
		what = append(what, fmt.Sprintf("%d %s", d.ClientPort, d.What))
	}
	want := []string{
		"1 packets were recorded, but the fleet has no attempt",
		"3 the fleet read more bytes than arrived",
		"4 the fleet sent fewer bytes than left its end",
		"5 the server read more bytes than arrived",
		"6 packets were recorded, but the fleet has no attempt",
		"60 connected according to the fleet, but no packet was recorded",
		"61 accepted by the server, but no packet was recorded",
	}
	if strings.Join(what, "\n") != strings.Join(want, "\n") {
		t.Errorf("listed:\n%s\nwant:\n%s", strings.Join(what, "\n"), strings.Join(want, "\n"))
	}
	if got.Disagreed != int64(len(want)) || got.Agreed != 2 || got.NeverAccepted != 1 {
		t.Errorf("%+v", got)
	}
}

func TestDroppedConnectionDoesNotTakeTheNextEntry(t *testing.T) {
	s := newScript()
	first, _ := s.rejected(1, 5, results.TimeoutReceive)
	second, entry := s.rejected(500, 5, results.Delivered)
	joined := Join(Connections(s.log), []Attempt{first, second}, []Entry{entry})
	if len(joined) != 2 || joined[0].Entry != nil || joined[1].Entry == nil || joined[1].Attempt.Outcome != results.Delivered {
		t.Errorf("%+v", joined)
	}
}

func TestAlignFindsTheClockOffset(t *testing.T) {
	s := newScript()
	var attempts []Attempt
	for port := uint16(1); port < 100; port++ {
		a, _ := s.rejected(float64(port)*3+1000, port, results.Delivered)
		a.Started -= 777e6 + int64(port)
		a.End -= 777e6
		attempts = append(attempts, a)
	}
	conns := Connections(s.log)
	Align(conns, attempts)
	for i, a := range attempts {
		if off := conns[i].Syn - a.Started; off < -1000 || off > 1000 {
			t.Fatalf("attempt %d is %d ns off", i, off)
		}
	}
}

func TestMissingLedgerIsNoDisagreement(t *testing.T) {
	s := newScript()
	s.rejected(1, 5, results.Delivered)
	s.shake(100, 6)
	s.drop(130, server(6, ACK, 1, 1, 170))
	s.send(131, server(6, RST|ACK, 171, 1, 0))
	got := Total(s.log, Join(Connections(s.log), nil, nil), Ledgers{})
	if got.Agreement.Disagreed != 0 || got.Rejections != 2 || got.Fates["unknown"] != 1 || got.Fates["lost-on-the-path"] != 1 {
		t.Errorf("%+v", got)
	}
}
