package wire

import (
	"bytes"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"
)

func TestPacketRecordTakes40Bytes(t *testing.T) {
	if n := unsafe.Sizeof(Packet{}); n != 40 {
		t.Errorf("a record takes %d bytes, want 40", n)
	}
}

func TestFullLogCountsMissedPackets(t *testing.T) {
	l := NewLog(time.Now(), LogOptions{Packets: 3, Snap: 60, Bytes: 100})
	for i := range 5 {
		r := l.Enter(frame4(client(uint16(i+1), ACK, 0, 0, 100)), FromClient, int64(i+1))
		if full := i >= 2; full != (r == NoRef) {
			t.Errorf("packet %d: %d", i, r)
		}
		l.Forward(r, 100)
		l.Drop(r, Lost)
		l.Duplicate(r, 200)
	}
	l.Enter([]byte("not a frame"), FromClient, 9)
	// Two packets and one duplicate fit; one duplicate and three packets do not.
	if l.Len() != 3 || l.Missed != 4 || l.others != 1 || l.uncaptured != 1 {
		t.Errorf("%d records, %d missed, %d others, %d without bytes", l.Len(), l.Missed, l.others, l.uncaptured)
	}
	for _, c := range Connections(l) {
		if !c.LogFull {
			t.Errorf("a connection of a full log does not say so")
		}
	}
}

func TestLogReturnsWhatWasRecorded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		snap := rapid.SampledFrom([]int{0, 54, 100, 1 << 16}).Draw(t, "snap")
		l := NewLog(time.Now(), LogOptions{Snap: snap})
		var want []Packet
		var frames [][]byte
		add := func(p Packet, frame []byte) {
			want, frames = append(want, p), append(frames, frame)
		}
		for i := range rapid.IntRange(0, 3*chunk/2).Draw(t, "packets") {
			p := client(uint16(i), Flags(i), uint32(i*7), uint32(i*11), uint32(i%100))
			frame := frame4(p)
			p.In, p.Direction = int64(i), FromClient
			r := l.Enter(frame, FromClient, p.In)
			switch i % 5 {
			case 1, 2:
				p.Out, p.Disposition = p.In+5, Forwarded
				l.Forward(r, p.Out)
			case 3:
				p.Disposition = QueueFull
				l.Drop(r, QueueFull)
			}
			add(p, frame)
			if i%5 == 2 {
				p.Out, p.Disposition = p.In+6, Duplicate
				l.Duplicate(r, p.Out)
				add(p, frame)
			}
		}
		if l.Len() != len(want) {
			t.Fatalf("%d records, want %d", l.Len(), len(want))
		}
		for r, p := range l.all() {
			kept, length := l.frame(r)
			if snap == 0 && length != 0 || snap > 0 && (length != len(frames[r]) || !bytes.Equal(kept, frames[r][:min(snap, length)])) {
				t.Fatalf("packet %d: %d bytes kept of %d", r, len(kept), length)
			}
			if p != want[r] {
				t.Fatalf("packet %d: %+v, want %+v", r, p, want[r])
			}
		}
	})
}

// BenchmarkLog measures the cost of the log per packet, on the path's thread.
func BenchmarkLog(b *testing.B) {
	frame := frame4(client(1, ACK, 1, 1, 1448))
	for name, snap := range map[string]int{"records": 0, "records and 96 bytes": 96} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			l := NewLog(time.Now(), LogOptions{Snap: snap})
			for i := range b.N {
				if i%defaultPackets == 0 {
					l = NewLog(time.Now(), LogOptions{Snap: snap})
				}
				l.Forward(l.Enter(frame, FromClient, int64(i)), int64(i)+5)
			}
		})
	}
}

// BenchmarkConnections measures the cost of Connections per packet.
func BenchmarkConnections(b *testing.B) {
	s := newScript()
	s.log = NewLog(time.Now(), LogOptions{})
	for i := range 10_000 {
		s.isn[0] += 1_000_003
		s.shake(float64(i), uint16(i))
		for n := range uint32(10) {
			s.send(float64(i)+20, client(uint16(i), ACK, 1+n*1448, 1, 1448))
		}
		s.send(float64(i)+30, server(uint16(i), ACK, 1, 1001, 170))
		s.send(float64(i)+32, server(uint16(i), RST|ACK, 171, 1001, 0))
	}
	for b.Loop() {
		Connections(s.log)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(s.log.Len()), "ns/packet")
}
