package netpath

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

const (
	flagPSH = 1 << 3
	flagACK = 1 << 4
)

// upward and downward return segments of one connection.
func upward(flags uint8, seq uint32, payload int) segment {
	return segment{port: 4711, flags: flags | flagACK, seq: seq, payload: payload}
}

func downward(flags uint8, seq uint32, payload int) segment {
	return segment{fromServer: true, port: 4711, flags: flags | flagACK, seq: seq, payload: payload}
}

// step is a packet and the expected decision of a fault.
type step struct {
	packet  segment
	want    faultAction
	release bool
}

var handshake = []step{
	{packet: upward(flagSYN, 1, 0)}, {packet: downward(flagSYN, 100, 0)}, {packet: upward(0, 2, 0)},
}

func checkSteps(t *testing.T, f *faultState, steps []step) {
	t.Helper()
	for i, s := range steps {
		act, release := f.decide(int64(i+1), s.packet)
		if act != s.want || release != s.release {
			t.Fatalf("packet %d %+v: action %d, release %v; want %d, %v", i, s.packet, act, release, s.want, s.release)
		}
	}
}

func TestDropFirstResponseDropsFirstCopiesOnly(t *testing.T) {
	f := newFaultState(impair.DropFirstResponse)
	checkSteps(t, f, slices.Concat(handshake, []step{
		{upward(flagPSH, 2, 50), faultPass, false},
		{downward(0, 101, 0), faultPass, false},
		{downward(flagPSH, 101, 200), faultDrop, false},
		{downward(flagFIN, 301, 0), faultPass, false},
		{downward(flagPSH, 101, 200), faultPass, false}, // the retransmission
		{downward(flagPSH, 301, 10), faultDrop, false},  // new data
		{downward(flagPSH, 101, 210), faultPass, false}, // all of it, resent as one
		{downward(flagPSH, 201, 150), faultPass, false}, // new bytes after old ones
		{downward(flagPSH, 311, 40), faultPass, false},  // now old
	}))
	// The next connection of the port starts at any sequence number.
	checkSteps(t, f, slices.Concat(handshake, []step{
		{downward(0, 50, 20), faultDrop, false}, {downward(0, 50, 20), faultPass, false},
	}))
}

func TestDropFirstResponseHandlesSequenceWrap(t *testing.T) {
	f := newFaultState(impair.DropFirstResponse)
	checkSteps(t, f, []step{
		{downward(0, 1<<32-10, 20), faultDrop, false},
		{downward(0, 1<<32-10, 20), faultPass, false},
		{downward(0, 10, 20), faultDrop, false},
		{downward(0, 10, 20), faultPass, false},
	})
}

func TestDropRSTDropsEveryReset(t *testing.T) {
	checkSteps(t, newFaultState(impair.DropRST), slices.Concat(handshake, []step{
		{downward(flagRST, 101, 0), faultDrop, false},
		{upward(flagRST, 2, 0), faultDrop, false},
		{downward(flagFIN, 101, 0), faultPass, false},
	}))
}

func TestLateRequestIsHeldUntilServerCloses(t *testing.T) {
	for _, end := range []segment{downward(flagFIN, 101, 0), downward(flagFIN, 101, 200), downward(flagRST, 101, 0)} {
		checkSteps(t, newFaultState(impair.LateRequest), slices.Concat(handshake, []step{
			{upward(flagPSH, 2, 50), faultHold, false},
			{upward(flagFIN, 52, 0), faultHold, false},
			{downward(0, 101, 0), faultPass, false},
			{downward(flagPSH, 101, 200), faultPass, false},
			{upward(0, 2, 0), faultPass, false},
			{end, faultPass, true},
			{upward(flagPSH, 2, 50), faultPass, false}, // the retransmission
		}))
	}
}

func TestLateResponseIsHeldUntilServerResets(t *testing.T) {
	checkSteps(t, newFaultState(impair.LateResponse), slices.Concat(handshake, []step{
		{upward(flagPSH, 2, 50), faultPass, false},
		{downward(flagPSH, 101, 200), faultHold, false},
		{downward(flagFIN, 301, 0), faultHold, false},
		{upward(flagPSH, 52, 50), faultPass, false},
		{downward(flagRST, 302, 0), faultPass, true},
		{downward(flagRST, 302, 0), faultPass, false},
	}))
}

func TestHeldPacketsAreReleasedAfterMaxHold(t *testing.T) {
	for fault, held := range map[impair.Fault]segment{impair.LateRequest: upward(0, 2, 10), impair.LateResponse: downward(0, 101, 10)} {
		f := newFaultState(fault)
		if _, ok := f.nextExpiry(); ok {
			t.Fatalf("%v: something expires before anything is held", fault)
		}
		f.decide(5, held)
		f.decide(500, held)
		at, ok := f.nextExpiry()
		if !ok || at != 5+int64(maxHold) {
			t.Fatalf("%v: expires at %d, %v", fault, at, ok)
		}
		if _, ok := f.expired(at - 1); ok {
			t.Fatalf("%v: released early", fault)
		}
		if port, ok := f.expired(at); !ok || port != held.port {
			t.Fatalf("%v: port %d, %v", fault, port, ok)
		}
		if _, ok := f.expired(at); ok {
			t.Fatalf("%v: released twice", fault)
		}
		if act, _ := f.decide(at+1, held); act != faultPass {
			t.Errorf("%v: held again", fault)
		}
	}
}

func TestNewConnectionReleasesPacketsOfItsPort(t *testing.T) {
	f := newFaultState(impair.LateRequest)
	f.decide(1, upward(0, 2, 10))
	if act, release := f.decide(2, segment{port: 4711, flags: flagSYN}); act != faultPass || !release {
		t.Errorf("action %d, release %v", act, release)
	}
	if act, _ := f.decide(3, upward(0, 2, 10)); act != faultHold {
		t.Error("the new connection's request is not held")
	}
}

// The reference implementation is a slice.
func TestHoldQueueReleasesInOrderOfArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := new(holdQueue)
		var want []uint16
		now := int64(1)
		ports := []uint16{0, 1, 2, 1000, 65534, 65535}
		for range 100 {
			now += rapid.Int64Range(0, int64(time.Millisecond)).Draw(t, "gap")
			port := rapid.SampledFrom(ports).Draw(t, "port")
			i := slices.Index(want, port)
			if rapid.Bool().Draw(t, "add") {
				h.add(port, now)
				if i < 0 {
					want = append(want, port)
				}
			} else if got := h.remove(port); got != (i >= 0) {
				t.Fatalf("remove %d: %v", port, got)
			} else if got {
				want = slices.Delete(want, i, i+1)
			}
			first, _, ok := h.first()
			if ok != (len(want) > 0) || ok && first != want[0] {
				t.Fatalf("first is %d, %v; want %v", first, ok, want)
			}
		}
		for _, port := range want {
			if first, _, ok := h.first(); !ok || first != port || !h.remove(port) {
				t.Fatalf("%d, %v; want %d", first, ok, port)
			}
		}
		if _, _, ok := h.first(); ok {
			t.Fatal("something is left")
		}
	})
}

func TestFaultDecisionDoesNotAllocate(t *testing.T) {
	f := newFaultState(impair.LateRequest)
	now := int64(1)
	n := testing.AllocsPerRun(1000, func() {
		now++
		f.decide(now, segment{port: uint16(now), payload: 1})
		f.decide(now, segment{fromServer: true, port: uint16(now), flags: flagFIN})
		f.expired(now)
	})
	if n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
