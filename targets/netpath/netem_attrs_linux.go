package netpath

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// errNotNetem is wrapped when netem cannot do what the delay line does.
var errNotNetem = errors.New("netem does this differently from the delay line")

// netemAttrs returns the netem options for im, except Rate and queue, which tbf
// translates, and loss in bursts, which lossBursts translates. It returns an
// error for what netem does differently:
//   - Jitter: netem does not distinguish connections. It sends whatever is due
//     first (tfifo_enqueue), so packets sent close together overtake each other
//     within a connection. With its own rate it counts a delay from the previous
//     packet (netem_enqueue), so all connections wait for each other. Its
//     distributions would suffice: uniform is built in, normal needs a table.
//   - Reordering with a rate: packets that overtake bypass the filter below the
//     netem (netem_dequeue in net/sched/sch_netem.c). With a share of 25%, a
//     link of 2 Mbit/s carried 2.6.
//
// Other differences are of second order. Delays are whole microseconds. netem
// draws a loss for each copy of a duplicated packet, so the share that arrives
// is larger by the product of Loss and Duplicate. The counters of netem do not
// distinguish causes.
func netemAttrs(im impair.OneWay) (netlink.NetemQdiscAttrs, error) {
	switch {
	case im.Jitter > 0:
		return netlink.NetemQdiscAttrs{}, fmt.Errorf("jitter %v: %w: netem jitter reorders packets within a connection; with a rate it delays all connections together", im.Jitter, errNotNetem)
	case im.Reorder > 0 && im.Rate > 0:
		return netlink.NetemQdiscAttrs{}, fmt.Errorf("reorder with a rate: %w: netem does not count reordered packets against the rate", errNotNetem)
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

// fullFrame is the size in bytes of a frame that fills an MTU of 1500.
const fullFrame = 1514

// tbf returns the token bucket filter (tc-tbf(8)) for the Rate and queue of im, to
// be placed below a netem; nil without a Rate. The rate option of netem is
// unsuitable: its queue is bounded in packets, and delayed packets count against
// it. Below a constant delay the queue behaves as it would above. The bucket
// holds two full frames, so a busy link sends up to a frame and a half ahead of
// Rate.
func tbf(im impair.OneWay, attrs netlink.QdiscAttrs) (*netlink.Tbf, error) {
	if im.Rate == 0 {
		return nil, nil
	}
	limit := float64(im.QueueBytes)
	if limit == 0 {
		limit = float64(queueTime(im)) * float64(im.Rate) / 8e9
	}
	// The filter drops packets larger than its bucket or its limit, but an idle
	// link must accept any packet.
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
