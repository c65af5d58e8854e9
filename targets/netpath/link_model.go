package netpath

import (
	"math"
	"math/rand/v2"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// link decides what one direction of a path does to each packet. Its decisions
// follow from the seed and the packets alone: it reads no clock and allocates
// nothing after newLink. Times are nanoseconds of any clock that starts above 0.
type link struct {
	im     impair.OneWay
	counts linkCounts

	// Each effect draws from a source of its own, so that turning one on does
	// not change what another does.
	loss, duplicate, reorder, jitter *rand.Rand

	bad           bool    // the state of the loss chain
	toBad, toGood float64 // its transitions, a packet
	free          int64   // when the line has sent all that it took, rounded down
	carry         int64   // what rounding free cost, in 1/Rate of a nanosecond
	queue         int64   // bound of the queue, as the time that it takes to send
	last          []int64 // with jitter: when the last packet of each flow is due
}

// linkCounts is what a link did, in packets.
type linkCounts struct {
	packets    int64 // that came, without copies
	lost       int64 // dropped for Loss
	overflowed int64 // dropped in front of a full queue, copies too
	duplicated int64 // copies that were due
	reordered  int64 // packets that overtook
	orderWait  int64 // nanoseconds that packets waited for earlier ones of their flow
}

// dropReason is why a packet is not handed on.
type dropReason uint8

const (
	notDropped dropReason = iota
	droppedLoss
	droppedQueue
)

// verdict is what becomes of a packet.
type decision struct {
	drop         dropReason
	due          int64 // when to hand it on, unless dropped
	duplicateDue int64 // when to hand on a copy, never before due; 0 is no copy
}

// newLink returns the link for im, which must be valid. Links of the same seed
// and another stream decide independently.
func newLink(im impair.OneWay, seed, stream uint64) *link {
	source := func(effect uint64) *rand.Rand {
		return rand.New(rand.NewPCG(splitMix64(seed), splitMix64(splitMix64(stream)+effect)))
	}
	l := &link{im: im, loss: source(0), duplicate: source(1), reorder: source(2), jitter: source(3)}
	if im.LossBurst > 1 && im.Loss > 0 && im.Loss < 1 {
		l.toGood = 1 / im.LossBurst
		l.toBad = im.Loss / (im.LossBurst * (1 - im.Loss))
		l.bad = l.loss.Float64() < im.Loss
	}
	if im.Rate > 0 {
		l.queue = queueTime(im)
	}
	if im.Jitter > 0 {
		l.last = make([]int64, math.MaxUint16+1)
	}
	return l
}

// scatter spreads neighbouring seeds over all 64 bits: the finaliser of
// SplitMix64 (Steele, Lea and Flood 2014).
func splitMix64(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// queueTime is the bound of the queue in front of im.Rate in nanoseconds.
func queueTime(im impair.OneWay) int64 {
	switch {
	case im.QueueBytes > 0:
		return im.QueueBytes * 8e9 / im.Rate
	case im.QueueTime > 0:
		return int64(im.QueueTime)
	}
	return int64(impair.DefaultQueueTime)
}

// admit decides on a packet that entered the path at stamp with a frame of so
// many bytes. Stamps must not decrease. A flow is a connection, by the client's port.
func (l *link) decide(stamp int64, frameBytes int, flow uint16) decision {
	l.counts.packets++
	if l.loses() {
		l.counts.lost++
		return decision{drop: droppedLoss}
	}
	sent, ok := l.send(stamp, frameBytes)
	if !ok {
		return decision{drop: droppedQueue}
	}
	v := decision{}
	if l.im.Reorder > 0 && l.reorder.Float64() < l.im.Reorder {
		l.counts.reordered++
		v.due = sent
	} else {
		v.due = l.arrive(sent, flow)
	}
	if l.im.Duplicate > 0 && l.duplicate.Float64() < l.im.Duplicate {
		if sent, ok := l.send(stamp, frameBytes); ok {
			l.counts.duplicated++
			v.duplicateDue = l.arrive(sent, flow)
		}
	}
	return v
}

// loses decides whether the next packet is lost.
func (l *link) loses() bool {
	switch {
	case l.im.Loss == 0:
		return false
	case l.toGood == 0:
		return l.loss.Float64() < l.im.Loss
	case l.bad:
		l.bad = l.loss.Float64() >= l.toGood
	default:
		l.bad = l.loss.Float64() < l.toBad
	}
	return l.bad
}

// send puts a frame into the queue and returns when its last bit has left; ok
// is false when the queue is full.
func (l *link) send(stamp int64, frameBytes int) (sent int64, ok bool) {
	if l.im.Rate == 0 {
		return stamp, true
	}
	free, carry := l.free, l.carry
	idle := free < stamp || free == stamp && carry == 0
	if idle {
		free, carry = stamp, 0
	}
	work := int64(frameBytes)*8e9 + carry
	free += work / l.im.Rate
	carry = work % l.im.Rate
	if !idle && free-stamp > l.queue {
		l.counts.overflowed++
		return 0, false
	}
	l.free, l.carry = free, carry
	if carry > 0 {
		free++ // the last bit has left when the nanosecond is over
	}
	return free, true
}

// arrive delays a packet that was sent.
func (l *link) arrive(sent int64, flow uint16) int64 {
	due := sent + int64(l.im.Delay)
	if l.last == nil {
		return due
	}
	if l.im.Distribution == impair.Normal {
		due += int64(math.Round(l.jitter.NormFloat64() * float64(l.im.Jitter)))
	} else {
		due += l.jitter.Int64N(2*int64(l.im.Jitter)+1) - int64(l.im.Jitter)
	}
	due = max(due, sent)
	if before := l.last[flow]; due < before {
		l.counts.orderWait += before - due
		due = before
	}
	l.last[flow] = due
	return due
}
