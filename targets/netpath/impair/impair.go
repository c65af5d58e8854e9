// Package impair describes what a path does to packets: delay, jitter, loss,
// reordering, duplication, rate and queue in each direction, and faults that
// pick packets by what they are. It describes only; package netpath carries the
// description out.
//
// A Set is written as text in a small grammar ("rtt 80ms, loss 1%"). Keys is
// the table of its words; flags, files and documentation come from it. Profiles
// are named sets with published figures.
package impair

import (
	"fmt"
	"time"
)

// Set is everything that a path does to packets. The zero value does nothing.
type Set struct {
	Up   OneWay // from the client to the server
	Down OneWay // from the server to the client
	// Fault acts on chosen packets as they enter the path, before Up and Down. A
	// packet that it drops takes none of the Rate. The delay of a packet that it
	// holds begins when the packet is released.
	Fault Fault
}

// RTT is the sum of both one-way delays, without jitter and queueing.
func (im Set) RTT() time.Duration { return im.Up.Delay + im.Down.Delay }

// WithRTT returns im with half of rtt as the delay of each direction; Down gets
// the odd nanosecond.
func (im Set) WithRTT(rtt time.Duration) Set {
	im.Up.Delay, im.Down.Delay = rtt/2, rtt-rtt/2
	return im
}

// NeedsFrames reports whether a path has to see single frames: whether it does more than
// to delay.
func (im Set) NeedsFrames() bool { return im.WithoutDelay() != (Set{}) }

// WithoutDelay returns im with both delays set to 0 and all else unchanged.
func (im Set) WithoutDelay() Set {
	im.Up.Delay, im.Down.Delay = 0, 0
	return im
}

// SteadyDelay reports whether every packet that arrives takes exactly the Delay
// of its direction.
func (im Set) SteadyDelay() bool {
	steady := func(im OneWay) bool { return im.Jitter == 0 && im.Reorder == 0 && im.Rate == 0 }
	return steady(im.Up) && steady(im.Down) && im.Fault == NoFault
}

// KeepsPackets reports whether every packet arrives.
func (im Set) KeepsPackets() bool {
	keeps := func(im OneWay) bool { return im.Loss == 0 && im.Rate == 0 }
	return keeps(im.Up) && keeps(im.Down) && im.Fault == NoFault
}

// OneWay is what one direction of a path does to packets. The effects apply in
// this order: loss, duplication, queue and rate, delay. The zero value does
// nothing. Effects and names are those of netem (tc-netem(8)) unless a field
// says otherwise.
type OneWay struct {
	// Delay is the one-way delay of each packet, 0 to MaxDelay.
	Delay time.Duration
	// Jitter varies the delay of each packet: uniformly within Delay ± Jitter
	// (Uniform), or with Jitter as the standard deviation (Normal). 0 to Delay.
	//
	// Packets of one connection keep their order; packets of different
	// connections do not wait for each other. (In netem all packets may overtake
	// each other.) Keeping the order makes delays longer than configured: a
	// packet with a short delay waits for an earlier one with a long delay. Of n
	// packets sent at once, the last takes Delay + Jitter x (n-1)/(n+1) on
	// average with Uniform: no bias for n = 1, four fifths of the jitter for
	// n = 10. The waiting time is counted. A Normal delay below 0 becomes 0. That
	// adds 8% to the mean if Jitter = Delay, 0.4% if Jitter = Delay/2, and a
	// negligible amount from Delay/3 down.
	Jitter time.Duration
	// Distribution is the distribution of the jitter.
	Distribution Distribution
	// Loss is the share of packets that are dropped at random, 0 to 1.
	Loss float64
	// LossBurst is the mean number of packets lost in a row, counted over all
	// connections, at most MaxLossBurst. With 0 or 1 losses are independent; their
	// runs are 1/(1-Loss) packets long on average. Above 1, losses follow a
	// Markov chain of two states (Gilbert 1960, Elliott 1963). It loses every
	// packet in the bad state and none in the good state. The probability per
	// packet is 1/LossBurst from bad to good and Loss/(LossBurst x (1-Loss)) from
	// good to bad. The latter must not exceed 1, so Loss is at most
	// LossBurst/(LossBurst+1), or exactly 1.
	LossBurst float64
	// Reorder is the share of packets, 0 to 1, that are not delayed. They overtake
	// packets sent up to a Delay earlier, those of their own connection too. As in
	// netem, a packet can be reordered only by being faster, because a packet
	// already sent cannot be recalled. Unlike in netem, such a packet passes
	// through the queue and takes its share of Rate.
	Reorder float64
	// Duplicate is the share of packets, 0 to 1, that arrive twice. The copy
	// passes through queue and delay like any other packet. It is never lost at
	// random, reordered or duplicated again.
	Duplicate float64
	// Rate is the bandwidth in bits per second: MinRate to MaxRate, or 0 for no
	// limit. The size of a packet is its Ethernet frame without preamble, frame
	// check sequence and gap, as tc counts it: 1514 bytes for a full segment at an
	// MTU of 1500.
	Rate int64
	// QueueBytes and QueueTime bound the queue in front of Rate, in bytes or as
	// the time to send them at Rate. A packet that would exceed the bound is
	// dropped. The unsent part of the packet being sent counts; an idle link
	// accepts any packet. At most one of the two is set; if neither is, the bound
	// is DefaultQueueTime. Without a Rate they have no effect.
	QueueBytes int64
	QueueTime  time.Duration
}

// Bounds of a OneWay.
const (
	MaxDelay      = 5 * time.Second
	MaxLossBurst  = 1_000_000         // packets
	MinRate       = 1000              // bits per second
	MaxRate       = 1_000_000_000_000 // bits per second
	MaxQueueBytes = 1 << 30
	MaxQueueTime  = time.Minute
	// DefaultQueueTime bounds the queue if a Rate is set without one. It is a
	// round trip across a continent, by the rule of thumb that a buffer holds one
	// bandwidth-delay product.
	DefaultQueueTime = 100 * time.Millisecond
)

// Distribution is the probability distribution of a jitter.
type Distribution uint8

// The distributions of a jitter.
const (
	Uniform Distribution = iota // every delay within Delay ± Jitter is equally likely
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
