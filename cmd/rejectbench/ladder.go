package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// laddersDir is where a run's folder has the drawings of typical connections.
const laddersDir = "ladders"

// ladderRTT is the round trip that a drawing is best read at: long enough to
// tell the ends' times apart, short enough for a whole story.
const ladderRTT = 50 * time.Millisecond

// maxLadders bounds the drawings of a grid: a reader looks at a page of them, not
// at one for each of a dozen servers with each of a dozen clients.
const maxLadders = 30

// ladderPoints picks one point for each strategy and client, without and with
// TLS, and for each part of a scenario: of those with a path that keeps a record,
// the one with the smallest request that has a body, at the round trip nearest to
// ladderRTT. Where those are too many, only those of the first client are picked.
func ladderPoints(o sweep.Options) func(sweep.Point) bool {
	type kind struct {
		strategy, client string
		tls              bool
		scenario, part   string
	}
	kindOf := func(p sweep.Point) kind { return kind{p.Strategy, p.Client, p.TLS, p.Scenario, p.Part} }
	best := map[kind]sweep.Point{}
	ofGrid := 0
	for _, p := range o.Points {
		if o.PathOf(p) == (impair.Set{}) {
			continue
		}
		b, ok := best[kindOf(p)]
		if !ok && p.Scenario == "" {
			ofGrid++
		}
		if !ok || betterLadder(p, b) {
			best[kindOf(p)] = p
		}
	}
	return func(p sweep.Point) bool {
		if ofGrid > maxLadders && p.Scenario == "" && p.Client != o.Points[0].Client {
			return false
		}
		b, ok := best[kindOf(p)]
		return ok && b == p
	}
}

// betterLadder tells whether a drawing of a is better to have than one of b.
func betterLadder(a, b sweep.Point) bool {
	if (a.BodyBytes > 0) != (b.BodyBytes > 0) {
		return a.BodyBytes > 0
	}
	if da, db := (a.RTT - ladderRTT).Abs(), (b.RTT - ladderRTT).Abs(); da != db {
		return da < db
	}
	return a.BodyBytes < b.BodyBytes
}

// writeLadder writes the drawing of a point's typical connection.
func writeLadder(dir string, p sweep.Point, svg string) error {
	dir = filepath.Join(dir, laddersDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the drawings' folder: %w", err)
	}
	name := fmt.Sprintf("%s-%s-rtt%v-body%d", p.Strategy, p.Client, p.RTT, p.BodyBytes)
	if p.Scenario != "" {
		name = p.Scenario + "-" + p.Part
	}
	if p.TLS {
		name += "-tls"
	}
	name += ".svg"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(svg), 0o644); err != nil {
		return fmt.Errorf("write a drawing: %w", err)
	}
	return nil
}
