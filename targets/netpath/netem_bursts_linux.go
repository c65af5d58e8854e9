package netpath

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// netemLossGE is NETEM_LOSS_GE of linux/pkt_sched.h, the attribute of a
// Gilbert-Elliott chain in TCA_NETEM_LOSS. The netlink package lacks it.
const netemLossGE = 2

// lossChain is struct tc_netem_gemodel of linux/pkt_sched.h, a Markov chain of two
// states. The largest number stands for a probability of 1.
type lossChain struct {
	toBad      uint32 // p, per packet
	toGood     uint32 // r, per packet
	keptInBad  uint32 // h
	lostInGood uint32 // k1
}

// losesInBursts reports whether losses of im follow a Markov chain and are not
// independent.
func losesInBursts(im impair.OneWay) bool { return im.LossBurst > 1 && im.Loss > 0 && im.Loss < 1 }

// lossBursts returns the chain for the losses of im, nil if they are independent.
// The chain of netem (loss_gilb_ell in net/sched/sch_netem.c, correct since Linux
// 3.14) steps as that of link does. It decides by the state before the step and
// not by the one after it, which gives the same sequence one packet later. It
// starts in the good state, while link draws the first state; after many bursts
// the lost share does not depend on that. A probability of 0 or 1 may be off by
// one in 2^32.
func lossBursts(im impair.OneWay) (*lossChain, error) {
	if !losesInBursts(im) {
		return nil, nil
	}
	// netem draws a loss for each of two copies and sends the other. With one
	// packet in ten duplicated, bursts would be at most ten packets long on average.
	if im.Duplicate > 0 {
		return nil, fmt.Errorf("loss-burst %s with duplicate: %w: netem draws loss per duplicate, so a duplicated packet can survive a loss burst", strconv.FormatFloat(im.LossBurst, 'f', -1, 64), errNotNetem)
	}
	share := func(p float64) uint32 { return uint32(math.Round(p * math.MaxUint32)) }
	chain := &lossChain{toBad: share(im.Loss / (im.LossBurst * (1 - im.Loss))), toGood: share(1 / im.LossBurst)}
	// The probability of a burst can be too small for 32 bits.
	const tolerance = 0.001
	bad, good := float64(chain.toBad), float64(chain.toGood)
	if lost := bad / (bad + good); math.Abs(lost/im.Loss-1) > tolerance {
		return nil, fmt.Errorf("loss-burst %s with loss %s: %w: bursts would be too rare for its 32-bit probabilities", strconv.FormatFloat(im.LossBurst, 'f', -1, 64), impair.FormatShare(im.Loss), errNotNetem)
	}
	return chain, nil
}

// bytes encodes the chain for the kernel.
func (c lossChain) bytes() (b []byte) {
	for _, field := range []uint32{c.toBad, c.toGood, c.keptInBad, c.lostInGood} {
		b = binary.NativeEndian.AppendUint32(b, field)
	}
	return b
}
