package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// laddersDir is the folder, within a run's, of the ladder diagrams of typical
// connections.
const laddersDir = "ladders"

// ladderRTT is the round trip at which a ladder diagram reads best: long enough to
// distinguish the times of the two ends, short enough to show the whole connection.
const ladderRTT = 50 * time.Millisecond

// maxLadders bounds the diagrams of a grid. A dozen servers with a dozen clients
// each would be too many to read.
const maxLadders = 30

// ladderPoints picks the points that are drawn: one for each strategy, client and
// use of TLS, and one for each part of a scenario. Of the points whose path keeps a
// record it takes the smallest request that has a body, at the round trip nearest to
// ladderRTT. If a grid has more than maxLadders, only its first client is drawn.
func ladderPoints(o sweep.Options) func(results.Point) bool {
	best := map[results.Point]results.Point{}
	ofGrid := 0
	for _, p := range o.Points {
		if o.PathOf(p) == (impair.Set{}) {
			continue
		}
		b, ok := best[ladderKind(p)]
		if !ok && p.Scenario == "" {
			ofGrid++
		}
		if !ok || betterLadder(p, b) {
			best[ladderKind(p)] = p
		}
	}
	return func(p results.Point) bool {
		if ofGrid > maxLadders && p.Scenario == "" && p.Client != o.Points[0].Client {
			return false
		}
		b, ok := best[ladderKind(p)]
		return ok && b == p
	}
}

// ladderKind is the key of the points of which one is drawn.
func ladderKind(p results.Point) results.Point {
	return p.Without("rtt", "concurrency", "body", "loss", "nth_request")
}

// betterLadder reports whether a diagram of a shows more than one of b.
func betterLadder(a, b results.Point) bool {
	if (a.BodyBytes > 0) != (b.BodyBytes > 0) {
		return a.BodyBytes > 0
	}
	if da, db := (a.RTT() - ladderRTT).Abs(), (b.RTT() - ladderRTT).Abs(); da != db {
		return da < db
	}
	return a.BodyBytes < b.BodyBytes
}

// writeLadder writes the ladder diagram of a point's typical connection.
func writeLadder(dir string, p results.Point, svg string) error {
	dir = filepath.Join(dir, laddersDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of the ladder diagrams: %w", err)
	}
	name := p.FileName() + ".svg"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(svg), 0o644); err != nil {
		return fmt.Errorf("write a ladder diagram: %w", err)
	}
	return nil
}
