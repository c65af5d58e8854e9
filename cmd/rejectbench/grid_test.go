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
	const strategies = 4
	if want := strategies * (3 + 2 + 2 + 1); len(points) != want {
		t.Errorf("%d points, want %d", len(points), want)
	}
	seen := map[results.Point]bool{}
	for _, p := range points {
		if seen[p] || p != p.Key() || p.Limit != 3 || p.Arrivals != results.ClosedArrivals || !p.IPv6 {
			t.Errorf("duplicate or incomplete: %+v", p)
		}
		seen[p] = true
	}
	at := func(i int) results.Point { return points[i].Without("limit", "ipv6", "arrivals") }
	for i, want := range map[int]results.Point{
		0:               {Strategy: "linger-zero", Client: "blocking", Concurrency: 20, BodyBytes: 64 << 10, RTTMs: 10},
		1:               {Strategy: "close", Client: "blocking", Concurrency: 20, BodyBytes: 64 << 10, RTTMs: 10},
		strategies:      {Strategy: "linger-zero", Client: "blocking", Concurrency: 20, BodyBytes: 64 << 10, RTTMs: 20},
		3 * strategies:  {Strategy: "linger-zero", Client: "blocking", Concurrency: 20, RTTMs: 20},
		4 * strategies:  {Strategy: "linger-zero", Client: "blocking", Concurrency: 20, BodyBytes: 256 << 10, RTTMs: 20},
		5 * strategies:  {Strategy: "linger-zero", Client: "blocking", Concurrency: 5, BodyBytes: 64 << 10, RTTMs: 20},
		6 * strategies:  {Strategy: "linger-zero", Client: "blocking", Concurrency: 50, BodyBytes: 64 << 10, RTTMs: 20},
		7 * strategies:  {Strategy: "linger-zero", Client: "duplex", Concurrency: 20, BodyBytes: 256 << 10, RTTMs: 20},
		len(points) - 1: {Strategy: "lingering-close", Client: "duplex", Concurrency: 20, BodyBytes: 256 << 10, RTTMs: 20},
	} {
		if at(i) != want.Key() {
			t.Errorf("point %d is %+v, want %+v", i, at(i), want)
		}
	}
}
