package netpath

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// netemLossGE is NETEM_LOSS_GE of linux/pkt_sched.h, which the netlink package
// lacks: the attribute of a chain in TCA_NETEM_LOSS.
const netemLossGE = 2

// lossChain is struct tc_netem_gemodel of linux/pkt_sched.h: a chain of two
// states, with a probability of 1 as the largest number.
type lossChain struct {
	toBad      uint32 // p, a packet
	toGood     uint32 // r, a packet
	keptInBad  uint32 // h
	lostInGood uint32 // k1
}

// inBursts tells whether im has a chain decide what is lost, not each packet alone.
func losesInBursts(im impair.OneWay) bool { return im.LossBurst > 1 && im.Loss > 0 && im.Loss < 1 }

// lossBursts returns the chain that loses as im does, nil when it has no bursts.
// netem's (loss_gilb_ell in net/sched/sch_netem.c, right since Linux 3.14) steps
// as a link's does and loses by the state before the step, not after it: the same
// sequence a packet later. Its first state is the good one, a link's is drawn;
// what a path has lost after many bursts does not depend on that. A probability
// of 0 or 1 may be off by one in 2^32.
func lossBursts(im impair.OneWay) (*lossChain, error) {
	if !losesInBursts(im) {
		return nil, nil
	}
	// netem draws a loss for each of two copies, and hands on the other: with one
	// packet in ten doubled, no burst would be longer than ten on average.
	if im.Duplicate > 0 {
		return nil, fmt.Errorf("loss-burst %s with duplicate: %w: a packet that is doubled survives a burst", strconv.FormatFloat(im.LossBurst, 'f', -1, 64), errNotNetem)
	}
	share := func(p float64) uint32 { return uint32(math.Round(p * math.MaxUint32)) }
	chain := &lossChain{toBad: share(im.Loss / (im.LossBurst * (1 - im.Loss))), toGood: share(1 / im.LossBurst)}
	// Bursts can be too rare for 32 bits.
	const slack = 0.001
	bad, good := float64(chain.toBad), float64(chain.toGood)
	if lost := bad / (bad + good); math.Abs(lost/im.Loss-1) > slack {
		return nil, fmt.Errorf("loss-burst %s with loss %s: %w: it cannot start bursts as rarely", strconv.FormatFloat(im.LossBurst, 'f', -1, 64), impair.FormatShare(im.Loss), errNotNetem)
	}
	return chain, nil
}

// bytes is the chain as the kernel takes it.
func (c lossChain) bytes() (b []byte) {
	for _, field := range []uint32{c.toBad, c.toGood, c.keptInBad, c.lostInGood} {
		b = binary.NativeEndian.AppendUint32(b, field)
	}
	return b
}
