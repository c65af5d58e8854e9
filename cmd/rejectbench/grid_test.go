package main

import (
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

// The seed decides by their place in this list which points have a twin, and in
// which order cells are measured.
func TestDefaultGridIsThePartsInTheirOrder(t *testing.T) {
	base := results.Point{IPv6: true}
	limit, rate, arrivals := "3", "0", "closed"
	points, err := defaultPoints(base, axisValues{"limit": &limit, "rate": &rate, "arrivals": &arrivals})
	if err != nil {
		t.Fatal(err)
	}
	const strategies = 7
	if want := strategies * (4*3 - 1 + 2 + 2); len(points) != want {
		t.Errorf("%d points, want %d", len(points), want)
	}
	seen := map[results.Point]bool{}
	for _, p := range points {
		if seen[p] || p != p.Key() || p.Limit != 3 || p.Arrivals != results.ClosedArrivals || !p.IPv6 {
			t.Errorf("duplicate or incomplete: %+v", p)
		}
		if seen[p] = true; p.RTTMs == 10 && p.BodyBytes == 1<<20 {
			t.Errorf("not left out: %+v", p)
		}
	}
	at := func(i int) results.Point { return points[i].Without("limit", "ipv6", "arrivals") }
	for i, want := range map[int]results.Point{
		0:               {Strategy: "linger-zero", Client: "blocking", Concurrency: 20},
		1:               {Strategy: "close", Client: "blocking", Concurrency: 20},
		strategies:      {Strategy: "linger-zero", Client: "blocking", Concurrency: 20, RTTMs: 10},
		4 * strategies:  {Strategy: "linger-zero", Client: "blocking", Concurrency: 20, BodyBytes: 64 << 10},
		11 * strategies: {Strategy: "linger-zero", Client: "blocking", Concurrency: 5, BodyBytes: 64 << 10, RTTMs: 50},
		12 * strategies: {Strategy: "linger-zero", Client: "blocking", Concurrency: 100, BodyBytes: 64 << 10, RTTMs: 50},
		13 * strategies: {Strategy: "linger-zero", Client: "duplex", Concurrency: 20, BodyBytes: 64 << 10, RTTMs: 50},
		len(points) - 1: {Strategy: "drain-until-acked", Client: "duplex", Concurrency: 20, BodyBytes: 1 << 20, RTTMs: 50},
	} {
		if at(i) != want.Key() {
			t.Errorf("point %d is %+v, want %+v", i, at(i), want)
		}
	}
}
