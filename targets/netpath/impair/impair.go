package impair

import (
	"fmt"
	"time"
)

// Set is what a path does to the packets that cross it. The zero value
// does nothing.
type Set struct {
	Up   OneWay // from the client to the server
	Down OneWay // from the server to the client
	// Fault is done to chosen packets where they enter the path, before Up and
	// Down: what it drops takes none of a Rate, what it holds is delayed from
	// when it is let go.
	Fault Fault
}

// RTT is the round trip that the delays make, without Jitter and queues.
func (im Set) RTT() time.Duration { return im.Up.Delay + im.Down.Delay }

// WithRTT returns im with the round trip divided between both directions.
func (im Set) WithRTT(rtt time.Duration) Set {
	im.Up.Delay, im.Down.Delay = rtt/2, rtt-rtt/2
	return im
}

// WithoutDelay returns im without the fixed delays: what it does to packets
// besides carrying them later.
func (im Set) WithoutDelay() Set {
	im.Up.Delay, im.Down.Delay = 0, 0
	return im
}

// SteadyDelay tells whether every packet that arrives takes exactly its
// direction's Delay.
func (im Set) SteadyDelay() bool {
	steady := func(im OneWay) bool { return im.Jitter == 0 && im.Reorder == 0 && im.Rate == 0 }
	return steady(im.Up) && steady(im.Down) && im.Fault == NoFault
}

// KeepsPackets tells whether every packet arrives.
func (im Set) KeepsPackets() bool {
	keeps := func(im OneWay) bool { return im.Loss == 0 && im.Rate == 0 }
	return keeps(im.Up) && keeps(im.Down) && im.Fault == NoFault
}

// OneWay is what one direction of a path does to its packets, in this
// order: loss, duplication, the queue and the rate behind it, the delay. The
// zero value does nothing. The effects and their names are those of netem
// (tc-netem(8)), except where a field says so.
type OneWay struct {
	// Delay is how long each packet takes, one way. 0 to MaxDelay.
	Delay time.Duration
	// Jitter varies the delay from packet to packet: by up to as much either
	// way (Uniform), or with it as the standard deviation (Normal). 0 to Delay.
	//
	// Packets of one connection keep their order, those of different
	// connections do not wait for each other (netem lets all of them overtake).
	// Keeping order has a price: a packet that draws a short delay behind one
	// that drew a long delay waits for it, so delays are longer than asked for.
	// Of n packets sent at once the last takes on average Delay +
	// Jitter x (n-1)/(n+1) when Uniform: n = 1, no bias; n = 10, four fifths of
	// the jitter. The waiting is counted. A Normal delay below 0 becomes 0; that
	// adds 8% to the mean when Jitter = Delay, 0.4% when it is half, nothing
	// to speak of from a third down.
	Jitter time.Duration
	// Distribution is the jitter's.
	Distribution Distribution
	// Loss is the share of packets that vanish, 0 to 1.
	Loss float64
	// LossBurst is the mean number of packets, of all connections together,
	// that are lost in a row. With 0 and 1 each packet is lost independently of
	// the others, in runs of 1/(1-Loss) on average. More than 1 makes a chain of
	// two states (Gilbert 1960, Elliott 1963) that loses every packet in the bad
	// and none in the good one: from bad to good with 1/LossBurst, from good to
	// bad with Loss/(LossBurst x (1-Loss)) a packet. That must not exceed 1, so
	// Loss is at most LossBurst/(LossBurst+1), or 1.
	// At most MaxLossBurst.
	LossBurst float64
	// Reorder is the share of packets, 0 to 1, that overtake: they are not
	// delayed and arrive before what was sent up to a Delay earlier, their own
	// connection's packets included. As in netem, and for the same reason: what
	// has left cannot be called back, so a packet can overtake only by being
	// faster. Unlike there it goes through the queue and takes its share of Rate.
	Reorder float64
	// Duplicate is the share of packets, 0 to 1, that arrive twice. The copy
	// follows its packet through queue and delay as a packet of its own, but is
	// neither lost nor reordered nor doubled in its turn.
	Duplicate float64
	// Rate is how much passes, in bits a second; 0 is no limit, else from
	// MinRate to MaxRate. A packet's bits are those of its Ethernet frame
	// without preamble, checksum and gap, which is what tc counts: a full
	// segment over an MTU of 1500 has 1514 bytes.
	Rate int64
	// QueueBytes and QueueTime bound what waits in front of Rate, in bytes or as
	// the time that these take at Rate; a packet that would exceed the bound is
	// dropped. What is left of the packet being sent counts, and a free line
	// takes any packet. At most one of them is set; with neither it is
	// DefaultQueueTime. They mean nothing without a Rate.
	QueueBytes int64
	QueueTime  time.Duration
}

// Bounds of a OneWay.
const (
	MaxDelay      = 5 * time.Second
	MaxLossBurst  = 1_000_000         // packets
	MinRate       = 1000              // bits a second
	MaxRate       = 1_000_000_000_000 // bits a second
	MaxQueueBytes = 1 << 30
	MaxQueueTime  = time.Minute
	// DefaultQueueTime is the queue of a Rate without one: a round trip across a
	// continent, by the old rule that a buffer should hold one.
	DefaultQueueTime = 100 * time.Millisecond
)

// Distribution is how a jitter is spread.
type Distribution uint8

// The distributions of a jitter.
const (
	Uniform Distribution = iota // any delay within the jitter is as likely
	Normal                      // the jitter is the standard deviation
)

var distributions = [...]string{Uniform: "uniform", Normal: "normal"}

// String returns the distribution's name.
func (d Distribution) String() string {
	if int(d) < len(distributions) {
		return distributions[d]
	}
	return fmt.Sprintf("Distribution(%d)", d)
}
