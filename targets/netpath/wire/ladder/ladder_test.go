package ladder

import (
	"bytes"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

// uploadMeetsClose is a close during an upload: the answer is lost for good, the
// client sends a challenge ACK, and data continues for a while.
func uploadMeetsClose() Drawing {
	s := newScript()
	s.shake(1, 40001)
	for i := range uint32(10) {
		s.send(21.01+float64(i)*0.01, client(40001, wire.ACK|psh, 1+i*1448, 1, 1448))
	}
	s.send(31.02, server(40001, wire.ACK, 1, 14481, 0))
	s.drop(31.2, server(40001, wire.ACK|psh, 1, 14481, 170))
	s.send(31.25, server(40001, wire.RST|wire.ACK, 171, 14481, 0))
	for i := range uint32(4) {
		s.send(41.03+float64(i)*0.01, client(40001, wire.ACK|psh, 14481+i*1448, 1, 1448))
	}
	s.send(41.3, client(40001, wire.ACK, 14481+4*1448, 1, 0))
	s.send(51.1, server(40001, wire.RST, 1, 0, 0))
	c := wire.Connections(s.log)[0]
	ms := func(at float64, end wire.Direction, label string) Event {
		return Event{At: int64(at * 1e6), End: end, Label: label}
	}
	d := New(s.log, &c, []Event{
		ms(0.95, wire.FromClient, "connect"), ms(21, wire.FromClient, "connected"), ms(21.005, wire.FromClient, "send 1 MiB"),
		ms(31.1, wire.FromServer, "accept"), ms(31.19, wire.FromServer, "write 170 bytes"), ms(31.24, wire.FromServer, "close"),
		ms(61.2, wire.FromClient, "ECONNRESET from send"),
	})
	d.Title = "close, over a path of 20 ms: the 503 is lost, and nobody sends it again"
	return d
}

// lingering is a lingering close whose answer is lost once and resent.
func lingering() Drawing {
	s := newScript()
	s.shake(1, 40002)
	s.send(21.01, client(40002, wire.ACK|psh, 1, 1, 1000))
	s.drop(31.2, server(40002, wire.ACK|psh, 1, 1001, 170))
	s.send(31.21, server(40002, wire.FIN|wire.ACK, 171, 1001, 0))
	s.send(251.2, server(40002, wire.ACK|psh|wire.FIN, 1, 1001, 170))
	s.send(261.3, client(40002, wire.FIN|wire.ACK, 1001, 172, 0))
	s.send(271.4, server(40002, wire.ACK, 172, 1002, 0))
	c := wire.Connections(s.log)[0]
	ms := func(at float64, end wire.Direction, label string) Event {
		return Event{At: int64(at * 1e6), End: end, Label: label}
	}
	d := New(s.log, &c, []Event{
		ms(0.95, wire.FromClient, "connect"), ms(21.005, wire.FromClient, "send 1000 bytes"),
		ms(31.1, wire.FromServer, "accept"), ms(31.19, wire.FromServer, "write 170 bytes"), ms(31.2, wire.FromServer, "shutdown(WR)"),
		ms(261.25, wire.FromClient, "read 170 bytes"), ms(261.28, wire.FromClient, "close"), ms(271.42, wire.FromServer, "close"),
	})
	d.Title = "lingering-close <503>"
	return d
}

// unread is an answer that arrives while the client still sends, and that a client
// which stops at the failed send never reads; or, if it reads, reads late.
func unread(read bool) Drawing {
	s := newScript()
	s.shake(1, 40003)
	s.send(21.01, client(40003, wire.ACK|psh, 1, 1, 1448))
	s.send(31.2, server(40003, wire.ACK|psh, 1, 1449, 170))
	s.send(31.25, server(40003, wire.RST|wire.ACK, 171, 1449, 0))
	c := wire.Connections(s.log)[0]
	at := func(ms float64) int64 { return int64(ms * 1e6) }
	j := wire.Joined{Conn: &c, Attempt: &wire.Attempt{Started: at(0.95), Connected: at(21), End: at(61.2), Outcome: results.ResetSend}, Entry: &wire.Entry{Accepted: at(31.1), Closed: at(31.24)}}
	if read {
		j.Attempt.FirstByte, j.Attempt.Outcome = at(55), results.DeliveredThenReset
	}
	d := New(s.log, &c, Events(j))
	d.Title = "close: the 503 arrives"
	d.MarkAnswer(j)
	return d
}

func TestTheAnswerIsMarkedWhileItLiesUnread(t *testing.T) {
	for _, test := range []struct {
		read bool
		want string
	}{{false, "end: reset-send (503 still unread after 20.00 ms)"}, {true, "first byte read (503 lay unread 13.80 ms)"}} {
		var svg strings.Builder
		if err := unread(test.read).SVG(&svg); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{">503, 170 bytes<", ">503 lies unread<", ">" + test.want + "<", "time runs down and is not to scale"} {
			if strings.Count(svg.String(), want) != 1 {
				t.Errorf("read %v: %q is %d times in\n%s", test.read, want, strings.Count(svg.String(), want), svg.String())
			}
		}
	}
}

func TestAnAnswerThatNeverArrivesIsNotMarked(t *testing.T) {
	s := newScript()
	s.shake(1, 40004)
	s.drop(31.2, server(40004, wire.ACK|psh, 1, 1, 170))
	c := wire.Connections(s.log)[0]
	j := wire.Joined{Conn: &c, Attempt: &wire.Attempt{End: 61e6, Outcome: results.ResetSend}}
	d := New(s.log, &c, Events(j))
	d.MarkAnswer(j)
	if d.unread != (span{}) || len(d.events) != 1 {
		t.Errorf("%+v, %+v", d.unread, d.events)
	}
}

func TestDrawingsMatchGoldenFiles(t *testing.T) {
	for name, d := range map[string]Drawing{"close": uploadMeetsClose(), "lingering": lingering(), "unread": unread(false)} {
		var svg bytes.Buffer
		if err := d.SVG(&svg); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name+".svg")
		if *update {
			if err := os.WriteFile(file, svg.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, svg.Bytes()) {
			t.Errorf("%s is not what is drawn now: look at it, then run go test -update", file)
		}
		wellFormed(t, svg.Bytes())
	}
}

func wellFormed(t interface{ Errorf(string, ...any) }, svg []byte) {
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Errorf("the drawing is not well-formed: %v", err)
			return
		}
	}
}

func TestHeightsGrowWithTimeAndLabelsDoNotOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawPackets(t)
		c := wire.Connections(s.log)[0]
		d := New(s.log, &c, []Event{{At: 5e6, End: wire.FromServer, Label: "a"}, {At: 5e6, End: wire.FromClient, Label: "b & <c>"}, {At: 5e6 + 1, End: wire.FromServer, Label: "d"}})
		checkHeights(t, d.layout(0))
		for i, a := range d.arrows[1:] {
			if a.from == d.arrows[i].from && a.left == d.arrows[i].left {
				t.Fatalf("two arrows begin at %d", a.left)
			}
		}
		packets := d.acks + d.omitted
		for _, a := range d.arrows {
			packets += a.packets
		}
		all := 0
		for range c.Packets(s.log) {
			all++
		}
		if packets != all {
			t.Fatalf("%d packets drawn or counted as left out, of %d", packets, all)
		}
		var svg strings.Builder
		if err := d.SVG(&svg); err != nil {
			t.Fatal(err)
		}
		wellFormed(t, []byte(svg.String()))
	})
}

// drawPackets draws the packets of a connection: a handshake and whatever follows.
func drawPackets(t *rapid.T) *script {
	s := newScript()
	s.shake(1, 1)
	at := 21.0
	for range rapid.IntRange(0, 60).Draw(t, "packets") {
		at += rapid.SampledFrom([]float64{0, 0.001, 1, 300}).Draw(t, "pause")
		p := client(1, wire.ACK, uint32(at*7), 1, 100)
		if rapid.Bool().Draw(t, "from server") {
			p = server(1, rapid.SampledFrom([]wire.Flags{wire.ACK, wire.ACK | wire.FIN, wire.RST}).Draw(t, "flags"), uint32(at*3), 1, 50)
		}
		if rapid.Bool().Draw(t, "lost") {
			s.drop(at, p)
		} else {
			s.send(at, p)
		}
	}
	return s
}

// checkHeights checks that later moments are lower, and that the texts at one end
// have room.
func checkHeights(t *rapid.T, l layout) {
	for i, m := range l.moments[1:] {
		before := l.moments[i]
		if l.y[m] < l.y[before] || m.at > before.at && l.y[m] == l.y[before] {
			t.Fatalf("%+v at %v does not come below %+v at %v", m, l.y[m], before, l.y[before])
		}
	}
	lowest := [2]float64{-rowGap, -rowGap} // of the texts so far, by end
	for _, m := range l.moments {
		if l.y[m]-lowest[m.end] < rowGap-1e-6 {
			t.Fatalf("%+v is %v below the text before it", m, l.y[m]-lowest[m.end])
		}
		lowest[m.end] = l.y[m]
	}
}
