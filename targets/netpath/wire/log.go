package wire

import (
	"iter"
	"math"
	"time"
)

// Ref is the index of a packet in a Log, in order of entering the path.
type Ref uint32

// NoRef is the Ref of a frame that has no record.
const NoRef = ^Ref(0)

// A log is stored in chunks of 4096 records (160 KiB), so that the path's thread
// never copies it to let it grow.
const (
	chunkBits = 12
	chunk     = 1 << chunkBits
)

// LogOptions bounds what a Log keeps. The zero value keeps 4,194,304 records (160 MB)
// and no frames.
type LogOptions struct {
	Packets int // records; 0 is 4,194,304
	// Snap is how many bytes of each frame are kept for WritePcapng; 0 keeps none.
	// The headers of an answer take 66 bytes (with TCP timestamps).
	Snap int
	// Bytes bounds the kept bytes of all frames; 0 is 256 MiB.
	Bytes int
}

// Defaults of LogOptions.
const (
	defaultPackets = 4 << 20
	defaultBytes   = 256 << 20
)

// Log records the packets that crossed a path. Only the path's thread writes to
// it; read it after that thread has ended.
type Log struct {
	// Epoch is the time at which the path's clock was 0.
	Epoch time.Time
	// Missed counts the packets that found the log full. If it is not 0, what
	// happened on a connection may be unknown.
	Missed int64
	// others counts frames that are not TCP.
	others int64
	// uncaptured counts recorded packets without kept bytes, because
	// LogOptions.Bytes was reached.
	uncaptured int64

	options LogOptions
	n       int
	chunks  []*[chunk]Packet
	frames  frames
}

// NewLog returns an empty log for a path whose clock was 0 at epoch.
func NewLog(epoch time.Time, options LogOptions) *Log {
	if options.Packets <= 0 {
		options.Packets = defaultPackets
	}
	if options.Bytes <= 0 {
		options.Bytes = defaultBytes
	}
	options.Packets = min(options.Packets, math.MaxInt32)
	return &Log{Epoch: epoch, options: options}
}

// Enter records a frame that entered the path at a time. The packet counts as in
// transit until Forward or Drop is called. Enter returns NoRef for a frame that is
// not TCP, or if the log is full.
func (l *Log) Enter(frame []byte, d Direction, at int64) Ref {
	p, ok := Parse(frame, d)
	if !ok {
		l.others++
		return NoRef
	}
	p.In = at
	ref := l.add(p)
	if ref != NoRef && l.options.Snap > 0 && !l.frames.keep(frame, l.options) {
		l.uncaptured++
	}
	return ref
}

// Forward records that a packet was forwarded. Read the time before the packet is
// passed to the device, so that any reply to it has a later time.
func (l *Log) Forward(r Ref, out int64) {
	if r != NoRef {
		p := l.at(r)
		p.Out, p.Disposition = out, Forwarded
	}
}

// Drop records that a packet was not forwarded, and why.
func (l *Log) Drop(r Ref, why Disposition) {
	if r != NoRef {
		p := l.at(r)
		p.Out, p.Disposition = 0, why
	}
}

// Duplicate records that the path forwarded another copy of a packet.
func (l *Log) Duplicate(r Ref, out int64) {
	if r == NoRef {
		return
	}
	p := *l.at(r)
	p.Out, p.Disposition = out, Duplicate
	if l.add(p) != NoRef && l.options.Snap > 0 {
		l.frames.repeat(r)
	}
}

// Len returns the number of records.
func (l *Log) Len() int { return l.n }

// Packet returns a record.
func (l *Log) Packet(r Ref) Packet { return *l.at(r) }

// frame returns the kept bytes of a packet's frame and the length of the whole
// frame; nil and 0 if no bytes were kept.
func (l *Log) frame(r Ref) (kept []byte, length int) { return l.frames.get(r) }

// all yields the records in order of entering the path.
func (l *Log) all() iter.Seq2[Ref, Packet] {
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
	if l.n == l.options.Packets {
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
