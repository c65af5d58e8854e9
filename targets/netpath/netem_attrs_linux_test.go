package netpath

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
	"github.com/rejectbench/rejectbench/targets/netpath/impair/impairtest"
)

func TestNetemOptionsMatchImpairments(t *testing.T) {
	for text, want := range map[string]netlink.NetemQdiscAttrs{
		"":          {Limit: netemLimit},
		"rtt 100ms": {Limit: netemLimit, Latency: 50_000},
		"rtt 999us": {Limit: netemLimit, Latency: 500},
		"rtt 10s":   {Limit: netemLimit, Latency: 5_000_000},
		"loss 1%":   {Limit: netemLimit, Loss: 1},
		"rtt 20ms, loss 0.1%, duplicate 2.5%, reorder 25%": {Limit: netemLimit, Latency: 10_000, Loss: 0.1, Duplicate: 2.5, ReorderProb: 25},
		"loss 100%, loss-burst 3":                          {Limit: netemLimit, Loss: 100},
		"loss 1%, loss-burst 1":                            {Limit: netemLimit, Loss: 1},
		"loss 1%, loss-burst 3":                            {Limit: netemLimit}, // the chain loses them
		"rate-up 1Mbit":                                    {Limit: netemLimit},
	} {
		im := impairtest.Parse(t, text)
		if got, err := netemAttrs(im.Up); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

// The kernel gets 32-bit shares, and a gap of 1 with reordering.
func TestNetemSharesAreExact(t *testing.T) {
	for _, share := range []float64{0, 0.001, 0.01, 0.1, 0.5, 1} {
		a, err := netemAttrs(impair.OneWay{Loss: share, Delay: time.Millisecond, Reorder: share})
		if err != nil {
			t.Fatal(err)
		}
		q := netlink.NewNetem(netlink.QdiscAttrs{}, a)
		if got := float64(q.Loss) / math.MaxUint32; math.Abs(got-share) > 1e-7 {
			t.Errorf("loss %v becomes %v", share, got)
		}
		if share > 0 && q.Gap != 1 {
			t.Errorf("reorder %v has a gap of %d", share, q.Gap)
		}
	}
}

func TestImpairmentsThatNetemLacksAreAnError(t *testing.T) {
	for _, text := range []string{"rtt 20ms, jitter 1ms", "rtt 20ms, jitter 1ms, jitter-distribution normal"} {
		im := impairtest.Parse(t, text)
		if _, err := netemAttrs(im.Up); !errors.Is(err, errNotNetem) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTokenBucketHasRateAndQueue(t *testing.T) {
	for text, want := range map[string]struct {
		rate  uint64
		limit uint32
	}{
		"rate-up 8Mbit":                   {1_000_000, 100_000}, // 100 ms
		"rate-up 8Mbit, queue 50ms":       {1_000_000, 50_000},
		"rate-up 8Mbit, queue 64KiB":      {1_000_000, 65_536},
		"rate-up 1kbit, queue 10B":        {125, fullFrame},
		"rate-up 100Gbit, queue-up 100us": {12_500_000_000, 1_250_000},
	} {
		im := impairtest.Parse(t, text)
		q, err := tbf(im.Up, netlink.QdiscAttrs{})
		if err != nil {
			t.Fatal(err)
		}
		if q.Rate != want.rate || q.Limit != want.limit {
			t.Errorf("%q: rate %d, limit %d; want %+v", text, q.Rate, q.Limit, want)
		}
		if held := float64(q.Buffer) / netlink.TickInUsec() * float64(q.Rate) / 1e6; held < 2*fullFrame-1 {
			t.Errorf("%q: the bucket holds %.0f bytes", text, held)
		}
		if q, err := tbf(im.Down, netlink.QdiscAttrs{}); q != nil || err != nil {
			t.Errorf("%q: a filter without a rate: %v, %v", text, q, err)
		}
	}
	if _, err := tbf(impair.OneWay{Rate: impair.MaxRate, QueueTime: impair.MaxQueueTime}, netlink.QdiscAttrs{}); !errors.Is(err, errNotNetem) {
		t.Errorf("a queue of 7.5 TB: %v", err)
	}
}

func TestKernelAcceptsTokenBucket(t *testing.T) {
	inMiddle(t, func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		if err := netlink.LinkSetUp(lo); err != nil {
			return err
		}
		for _, rate := range []int64{impair.MinRate, 2e6, 1e9, 100e9} {
			q, err := tbf(impair.OneWay{Rate: rate, QueueTime: 10 * time.Millisecond}, netlink.QdiscAttrs{
				LinkIndex: lo.Attrs().Index, Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT,
			})
			if err != nil {
				return err
			}
			if err := netlink.QdiscReplace(q); err != nil {
				t.Skipf("the kernel has no sch_tbf: %v", err)
			}
			list, err := netlink.QdiscList(lo)
			if err != nil {
				return err
			}
			got, ok := list[0].(*netlink.Tbf)
			if !ok || got.Limit != q.Limit || got.Rate != q.Rate && q.Rate < 1<<32 {
				t.Errorf("%d bit/s: the kernel has %+v, want %+v", rate, list[0], q)
			}
		}
		return nil
	})
}
