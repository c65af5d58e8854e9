package wire

import (
	"iter"
	"math"
	"time"
)

// Ref names a packet of a Log: its place in order of entering.
type Ref uint32

// NoRef is the Ref of a frame that has no record.
const NoRef = ^Ref(0)

// chunk packets are kept in one piece (160 KiB), so that a log grows without
// being copied under the path's thread.
const (
	chunkBits = 12
	chunk     = 1 << chunkBits
)

// Limits bounds what a Log keeps. The zero value keeps DefaultPackets records
// and no frames.
type Limits struct {
	Packets int // records; 0 is DefaultPackets
	// Snap is how many of a frame's first bytes are kept for WritePcapng; 0
	// keeps none. The headers of an answer take 66 bytes (with time stamps).
	Snap int
	// Bytes bounds the kept frames together; 0 is DefaultBytes.
	Bytes int
}

// What a Log keeps at most when its Limits do not say: 160 MB of records, and
// 256 MiB of frames if frames are kept.
const (
	defaultPackets = 4 << 20
	defaultBytes   = 256 << 20
)

// Log is the record of the packets that crossed a path. The path's thread alone
// writes to it; it is read once that thread has ended.
type Log struct {
	// Epoch is when the path's clock was 0.
	Epoch time.Time
	// Missed counts the packets that found the log full. A log that missed some
	// cannot tell what became of the connections they belong to.
	Missed int64
	// Others counts frames that are not TCP.
	Others int64
	// Uncaptured counts packets with a record of which no bytes were kept
	// because the frames' bound was reached.
	Uncaptured int64

	limits Limits
	n      int
	chunks []*[chunk]Packet
	frames frames
}

// NewLog returns an empty log of a path whose clock began at epoch.
func NewLog(epoch time.Time, limits Limits) *Log {
	if limits.Packets <= 0 {
		limits.Packets = defaultPackets
	}
	if limits.Bytes <= 0 {
		limits.Bytes = defaultBytes
	}
	limits.Packets = min(limits.Packets, math.MaxInt32)
	return &Log{Epoch: epoch, limits: limits}
}

// Enter records a frame that came in from a side at a time. The record stands
// as Held until Leave or Drop tells more.
func (l *Log) Enter(frame []byte, d Direction, at int64) Ref {
	p, ok := Parse(frame, d)
	if !ok {
		l.Others++
		return NoRef
	}
	p.In = at
	ref := l.add(p)
	if ref != NoRef && l.limits.Snap > 0 && !l.frames.keep(frame, l.limits) {
		l.Uncaptured++
	}
	return ref
}

// Leave records that a packet was handed on. The time is read before the packet
// is given to the device, so that whatever answers it has a later one.
func (l *Log) Forward(r Ref, out int64) {
	if r != NoRef {
		p := l.at(r)
		p.Out, p.Disposition = out, Forwarded
	}
}

// Drop records that a packet was not handed on, and why.
func (l *Log) Drop(r Ref, why Disposition) {
	if r != NoRef {
		p := l.at(r)
		p.Out, p.Disposition = 0, why
	}
}

// Copy records that the path handed on a further copy of a packet.
func (l *Log) Duplicate(r Ref, out int64) {
	if r == NoRef {
		return
	}
	p := *l.at(r)
	p.Out, p.Disposition = out, Duplicate
	if l.add(p) != NoRef && l.limits.Snap > 0 {
		l.frames.repeat(r)
	}
}

// Len is the number of records.
func (l *Log) Len() int { return l.n }

// Packet returns a record.
func (l *Log) Packet(r Ref) Packet { return *l.at(r) }

// Frame returns the kept bytes of a packet's frame and the frame's length; none
// if they were not kept.
func (l *Log) Frame(r Ref) (kept []byte, length int) { return l.frames.get(r) }

// All yields the records in order of entering.
func (l *Log) All() iter.Seq2[Ref, Packet] {
	return func(yield func(Ref, Packet) bool) {
		for i := range l.n {
			if !yield(Ref(i), *l.at(Ref(i))) {
				return
			}
		}
	}
}

func (l *Log) at(r Ref) *Packet { return &l.chunks[r>>chunkBits][r&(chunk-1)] }

func (l *Log) add(p Packet) Ref {
	if l.n == l.limits.Packets {
		l.Missed++
		return NoRef
	}
	i := l.n
	if i>>chunkBits == len(l.chunks) {
		l.chunks = append(l.chunks, new([chunk]Packet))
	}
	l.chunks[i>>chunkBits][i&(chunk-1)] = p
	l.n++
	return Ref(i)
}
