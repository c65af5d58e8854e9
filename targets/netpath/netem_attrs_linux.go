package netpath

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// errNotNetem is wrapped when netem cannot do what a link does.
var errNotNetem = errors.New("netem cannot do this as the delay line does")

// netemAttrs returns the netem that does to packets what im does, but for its
// Rate and Queue, for which tbf gives the discipline to put below it, and losses
// in bursts, for which lossBursts gives the chain. What netem does in another way
// is an error:
//   - jitter: netem knows no connections. It hands on whatever is due first
//     (tfifo_enqueue), so that those sent close together overtake each other in
//     every connection; with a rate of its own it counts a delay from the packet
//     before (netem_enqueue), so that all connections wait for each other. Its
//     distributions would do: uniform is its own, normal would be a table;
//   - reordering with a rate: what overtakes goes past the filter below the
//     netem (netem_dequeue in net/sched/sch_netem.c), so that with a share of
//     25% a line of 2 Mbit/s carried 2.6.
//
// The rest differs only in the second order. Delays are whole microseconds.
// netem draws a loss for each copy of a duplicated packet, which in products of
// Loss and Duplicate adds to what arrives. Its counters, unlike a link's, are
// not kept apart by cause.
func netemAttrs(im impair.OneWay) (netlink.NetemQdiscAttrs, error) {
	switch {
	case im.Jitter > 0:
		return netlink.NetemQdiscAttrs{}, fmt.Errorf("jitter %v: %w: its packets overtake their own connection's, or with a rate wait for those of all", im.Jitter, errNotNetem)
	case im.Reorder > 0 && im.Rate > 0:
		return netlink.NetemQdiscAttrs{}, fmt.Errorf("reorder with a rate: %w: what overtakes takes none of the rate", errNotNetem)
	}
	loss := im.Loss
	if losesInBursts(im) {
		loss = 0
	}
	return netlink.NetemQdiscAttrs{
		Latency:     uint32(im.Delay.Round(time.Microsecond) / time.Microsecond),
		Loss:        float32(loss * 100),
		Duplicate:   float32(im.Duplicate * 100),
		ReorderProb: float32(im.Reorder * 100),
		Limit:       netemLimit,
	}, nil
}

// fullFrame is a frame that fills an MTU of 1500 bytes.
const fullFrame = 1514

// tbf returns the token bucket filter (tc-tbf(8)) that has im's Rate and Queue,
// for a place below a netem; nil when there is no Rate. netem's own rate would
// not do: its queue is bounded in packets, and those it delays count. Below a
// constant delay the queue does what it would above it. The bucket holds two
// full frames, so that a busy line sends up to a frame and a half ahead of Rate.
func tbf(im impair.OneWay, attrs netlink.QdiscAttrs) (*netlink.Tbf, error) {
	if im.Rate == 0 {
		return nil, nil
	}
	limit := float64(im.QueueBytes)
	if limit == 0 {
		limit = float64(queueTime(im)) * float64(im.Rate) / 8e9
	}
	// The filter drops what is longer than its bucket or its limit; a link
	// that is free takes any packet.
	limit = max(limit, fullFrame)
	if limit > math.MaxUint32 {
		return nil, fmt.Errorf("queue of %.0f bytes: %w: at most %d bytes", limit, errNotNetem, uint32(math.MaxUint32))
	}
	bucket := 2 * fullFrame * 8e6 / float64(im.Rate) // microseconds
	return &netlink.Tbf{
		QdiscAttrs: attrs,
		Rate:       uint64(im.Rate / 8), // bytes a second
		Limit:      uint32(limit),
		Buffer:     uint32(math.Ceil(bucket * netlink.TickInUsec())),
	}, nil
}
