package main

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rejectbench/rejectbench/analysis"
)

// ends runs rejectbench and checks the exit code of a verdict: ends CODE ARG... Unlike
// exits, it does not check the output.
func ends(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: ends CODE ARG...")
	}
	runWanting(ts, args)
}

func TestGatedMetricsAreComparedWithoutBeingListed(t *testing.T) {
	f := compareFlags{metric: "cpu_us", gate: "delivered_share,hold_ms", alpha: "5%", effect: "5%", effectRatio: "10%"}
	o, err := f.options()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range o.Metrics {
		names = append(names, m.Name)
	}
	if got := strings.Join(names, " "); got != "cpu_us delivered_share hold_ms" || len(o.Gate) != 2 {
		t.Errorf("%s, gated %v", got, o.Gate)
	}
}

func TestAllComparesEveryMetric(t *testing.T) {
	f := compareFlags{metric: "all", gate: "all", alpha: "5%", effect: "5%", effectRatio: "10%"}
	o, err := f.options()
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Metrics) != len(analysis.Metrics) || len(o.Gate) != len(analysis.Metrics) {
		t.Errorf("%d metrics, %d gated, of %d", len(o.Metrics), len(o.Gate), len(analysis.Metrics))
	}
}
