package netpath

import (
	"math"
	"math/rand/v2"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// link decides what one direction of a path does to each packet. Its decisions
// depend only on the seed and the packets: it reads no clock, and allocates only
// in newLink. Times are in nanoseconds on any clock that starts above 0.
type link struct {
	im     impair.OneWay
	counts linkCounts

	// Each effect has its own random source, so that turning one on does not
	// change the decisions of another.
	loss, duplicate, reorder, jitter *rand.Rand

	bad           bool    // the state of the loss chain
	toBad, toGood float64 // its transition probabilities per packet
	free          int64   // when all accepted packets have been sent, rounded down
	carry         int64   // remainder of free, in units of 1/Rate nanoseconds
	queue         int64   // bound of the queue, as the time to send it
	last          []int64 // with jitter: when the last packet of each flow is due
}

// linkCounts are the counters of a link, in packets.
type linkCounts struct {
	packets    int64 // arrived, without copies
	lost       int64 // dropped by Loss
	overflowed int64 // dropped because the queue was full, copies included
	duplicated int64 // copies made and not dropped
	reordered  int64 // overtook others
	orderWait  int64 // nanoseconds that packets waited for earlier ones of their flow
}

// dropReason is why a packet is dropped.
type dropReason uint8

const (
	notDropped dropReason = iota
	droppedLoss
	droppedQueue
)

// decision is what to do with a packet.
type decision struct {
	drop         dropReason
	due          int64 // when to forward the packet, unless dropped
	duplicateDue int64 // when to forward a copy, never before due; 0 is no copy
}

// newLink returns the link for im, which must be valid. Links with the same seed
// and different streams decide independently.
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

// splitMix64 spreads neighbouring seeds over all 64 bits. It is the finaliser of
// SplitMix64 (Steele, Lea and Flood 2014).
func splitMix64(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// queueTime returns the bound of the queue in front of im.Rate, in nanoseconds.
func queueTime(im impair.OneWay) int64 {
	switch {
	case im.QueueBytes > 0:
		return im.QueueBytes * 8e9 / im.Rate
	case im.QueueTime > 0:
		return int64(im.QueueTime)
	}
	return int64(impair.DefaultQueueTime)
}

// decide decides on a packet that entered the path at stamp. Stamps must not
// decrease. The flow is the connection, identified by the client's port.
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

// loses reports whether the next packet is lost.
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

// send queues a frame and returns when its last bit has been sent; ok is false
// if the queue is full.
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
		free++ // the last bit is sent by the end of the nanosecond
	}
	return free, true
}

// arrive returns when a packet sent at that time arrives.
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
