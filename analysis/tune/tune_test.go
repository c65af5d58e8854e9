package tune

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// tuned is a tuning as a search leaves it.
func tuned() *Tuning {
	of := func(value int64, text string, phase Phase, verdict Verdict, k, n int64, hold float64) Candidate {
		c := Candidate{Value: value, Text: text, Phase: phase, Verdict: verdict, N: n, Rounds: 3, Cost: Cost{hold, hold * 1.3, 210, 700e3}}
		c.Share, c.Low, c.High = stats.Mix([]stats.WeightedShare{{Weight: 1, K: k, N: n}}, stats.NormalQuantile(0.95))
		return c
	}
	t := &Tuning{
		Point:   results.Point{Strategy: "lingering-close", RTTMs: 100, Concurrency: 50, BodyBytes: 1 << 20},
		Corners: []results.Point{{Strategy: "lingering-close", RTTMs: 100, Concurrency: 50, BodyBytes: 1 << 20}},
		Setting: "linger-total", Unit: "ns", Margin: 1, Advice: SetIt, Servers: []Verification{}, Clients: []Client{{"blocking", 0.7}, {"duplex", 0.3}},
		Target: 0.999, Confidence: 0.95,
		Candidates: []Candidate{
			of(431e6, "431ms", "search", "misses", 42, 100, 431), of(861e6, "861ms", "search", "passes", 684, 684, 655),
			of(609e6, "609ms", "search", "misses", 96, 100, 608), of(724e6, "724ms", "search", "misses", 1355, 1363, 647),
			of(861e6, "861ms", "confirm", "meets", 3400, 3400, 638), of(430500e3, "430.5ms", "half", "misses", 53, 100, 432),
		},
		HoldBoundMs: 861, HoldBound: "linger-total",
		Equivalents: []Equivalent{
			{Server: "nginx", Directive: "lingering_time 861ms;", Source: "nginx.org"},
			{Server: "Apache httpd", Note: "MAX_SECS_TO_LINGER 30 s, a constant of the build", Source: "server/connection.c"},
		},
		Cells: 21, Invalid: 6, Attempts: 9933, Seconds: 145.3,
	}
	t.Chosen, t.Neighbor = &t.Candidates[4], &t.Candidates[5]
	return t
}

// found, not found, cut short, and a limit.
func tunings() map[string]*Tuning {
	none := tuned()
	none.Chosen, none.Neighbor, none.Candidates, none.Best = nil, nil, none.Candidates[:1], &none.Candidates[0]
	cut := tuned()
	cut.Chosen, cut.Neighbor, cut.Candidates, cut.Best, cut.Unfinished = nil, nil, cut.Candidates[:2], &cut.Candidates[1], "the time budget is used up: 3m0s"
	limit := tuned()
	limit.Setting, limit.Clients, limit.ObjectiveMs, limit.Neighbor = "limit", []Client{{"blocking", 1}}, 80, nil
	for i := range limit.Candidates {
		c := &limit.Candidates[i]
		c.Admitted, c.P99Ms, c.P99LowMs, c.P99HighMs = 557, 60+float64(i), 58, 64
	}
	limit.Candidates[0].P99HighMs = 0
	none.Advice, cut.Advice = NothingHelps, Undecided
	return map[string]*Tuning{"found": tuned(), "none": none, "unfinished": cut, "limit": limit, "range": ranged(), "default": kept(), "nothing": nothingHelps()}
}

// ranged is a tuning over four corners, measured on two servers.
func ranged() *Tuning {
	t := tuned()
	t.Clients, t.Margin, t.Target = []Client{{"blocking", 1}}, 2, 0.99
	t.Corners = nil
	for _, body := range []int64{1 << 20, 0} {
		for _, rtt := range []float64{100, 10} {
			t.Corners = append(t.Corners, results.Point{Strategy: "lingering-close", Client: "blocking", RTTMs: rtt, Concurrency: 50, BodyBytes: body})
		}
	}
	all := func(text string, verdict Verdict, shares ...float64) *Candidate {
		c := &Candidate{Text: text, Phase: Verifying, Verdict: verdict, N: 299, Rounds: 3, Share: 1, Low: 0.991, High: 1}
		for i, share := range shares {
			r := CornerResult{Corner: i, Verdict: meets, N: 299, Rounds: 3, Share: share, Low: share * 0.99, High: 1}
			if share < t.Target {
				r.Verdict, r.High = misses, share
			}
			if share < c.Share {
				c.Share, c.Low, c.High, c.Corner = share, r.Low, r.High, i
			}
			c.Corners = append(c.Corners, r)
		}
		return c
	}
	edge := t.Candidates[1]
	chosen := *all("1.72s", meets, 1, 1, 1, 1)
	chosen.Value, chosen.Phase, chosen.Cost = 1722e6, confirming, edge.Cost
	t.Edge, t.Chosen = &edge, &chosen
	t.Candidates = append(t.Candidates, chosen)
	t.Servers = []Verification{
		{Server: "nginx", Version: "1.22.1", Setting: "lingering_time", Default: "30s", Directive: "lingering_time 3s;",
			AsIs: all("nginx", meets, 1, 1, 1, 1), Set: all("nginx:lingering_time=3s", meets, 1, 1, 1, 1)},
		{Server: "tiny", Version: "7", Setting: "wait", Default: "0", Directive: "wait 2s",
			AsIs: all("tiny", misses, 0.2, 0.5, 1, 1), Set: all("tiny:wait=2s", meets, 1, 1, 1, 1)},
		{Server: "Envoy", Setting: "delayed_close_timeout", Default: "1s", Directive: "delayed_close_timeout: 2s", NotVerified: "not in the catalogue"},
	}
	t.Equivalents[0].Directive, t.Equivalents[0].Steps = "lingering_time 3s;", "in steps of 1s, with 1s to spare"
	return t
}

// kept is a tuning of a server whose default reaches the target.
func kept() *Tuning {
	t := ranged()
	t.Server, t.Advice, t.Edge, t.Chosen, t.Neighbor, t.Candidates = "nginx", LeaveDefault, nil, nil, nil, []Candidate{}
	t.Equivalents, t.Servers = []Equivalent{}, t.Servers[:1]
	t.Servers[0].Set, t.Servers[0].Directive = nil, ""
	return t
}

// nothingHelps is a tuning of a server in which neither the directive nor a variant
// helps everywhere.
func nothingHelps() *Tuning {
	t := ranged()
	t.Server, t.Advice, t.Edge, t.Chosen, t.Neighbor, t.Candidates = "tiny", NothingHelps, nil, nil, nil, t.Candidates[:1]
	t.Equivalents, t.Servers = []Equivalent{}, t.Servers[1:2]
	v := &t.Servers[0]
	other := *v.AsIs
	other.Text = "tiny:drop"
	v.Set, v.Directive, v.Others, v.Otherwise = nil, "", []Candidate{other}, "a later version (tinyd.c)"
	t.Best = &t.Candidates[0]
	return t
}

func TestTheAnswerIsAtMost12LinesOf80Columns(t *testing.T) {
	for name, tuning := range tunings() {
		var b strings.Builder
		if err := Write(&b, tuning); err != nil {
			t.Fatal(err)
		}
		answer, _, _ := strings.Cut(b.String(), "\n\n")
		if n := strings.Count(answer, "\n") + 1; n > 12 {
			t.Errorf("%s: %d lines", name, n)
		}
		for line := range strings.Lines(b.String()) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
	}
}

func TestTuningsReadAsRecorded(t *testing.T) {
	for name, tuning := range tunings() {
		var b bytes.Buffer
		if err := Write(&b, tuning); err != nil {
			t.Fatal(err)
		}
		analysistest.Golden(t, "tune-"+name+".golden", b.Bytes())
	}
}

func TestTheHoldOfAHostileClientIsNoneBoundedOrUnknown(t *testing.T) {
	for want, change := range map[string]func(*Tuning){
		"hostile client cannot hold a rejected connection: the strategy waits for nothing":     func(t *Tuning) { t.HoldBoundMs, t.HoldBound = 0, "" },
		"holds a descriptor for 861 ms, by linger-total":                                       func(*Tuning) {},
		"This program does not bound how long a hostile client can hold a rejected connection": func(t *Tuning) { t.HoldBoundMs, t.HoldBound, t.HoldUnknown = 0, "", true },
	} {
		tuning := tuned()
		change(tuning)
		var b strings.Builder
		if err := Write(&b, tuning); err != nil || !strings.Contains(strings.Join(strings.Fields(b.String()), " "), want) {
			t.Errorf("no %q: %v\n%s", want, err, &b)
		}
	}
}

func TestATuningIsJSONAsRecordedAndComesBack(t *testing.T) {
	want := tuned()
	b, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	analysistest.Golden(t, "tune.golden.json", append(b, '\n'))
	var got Tuning
	if err := errors.Join(json.Unmarshal(b, &got.Point), json.Unmarshal(b, (*plain)(&got))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*want, got); diff != "" {
		t.Error(diff)
	}
}

func TestThePlotNamesEveryCandidateAndIsReproducible(t *testing.T) {
	for name, tuning := range tunings() {
		var drawn [2][]byte
		for i := range drawn {
			dir := t.TempDir()
			paths, err := Plot(tuning, dir)
			if len(tuning.Candidates) == 0 {
				if err != nil || paths != nil {
					t.Errorf("%s: %v, %v", name, paths, err)
				}
				continue
			}
			if err != nil || len(paths) != 2 {
				t.Fatalf("%s: %v, %v", name, paths, err)
			}
			if drawn[i], err = os.ReadFile(filepath.Join(dir, "tune.svg")); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(drawn[0], drawn[1]) {
			t.Errorf("%s is drawn in two ways", name)
		}
		for _, c := range tuning.Candidates {
			if !bytes.Contains(drawn[0], []byte(">"+c.Text+"<")) {
				t.Errorf("%s: no label %s", name, c.Text)
			}
		}
		if chosen := bytes.Contains(drawn[0], []byte("chosen: ")); chosen != (tuning.Chosen != nil) {
			t.Errorf("%s: a chosen one is drawn: %v", name, chosen)
		}
	}
}

func TestATuningOfNothingHasNoPlotAndSaysWhy(t *testing.T) {
	nothing := tuned()
	nothing.Advice, nothing.Chosen, nothing.Neighbor, nothing.Candidates, nothing.Unfinished = Undecided, nil, nil, nil, "cells stay invalid: late"
	if paths, err := Plot(nothing, filepath.Join(t.TempDir(), "none")); paths != nil || err != nil {
		t.Errorf("%v, %v", paths, err)
	}
	var b strings.Builder
	if err := Write(&b, nothing); err != nil || !strings.Contains(b.String(), "No answer: cells stay invalid: late.\n") {
		t.Errorf("%v:\n%s", err, &b)
	}
}

func TestACostIsWeightedOverClientsAndOmitsInvalidCells(t *testing.T) {
	cell := func(client string, valid bool, rejected int64, hold float64) results.Cell {
		return results.Cell{Point: results.Point{Client: client}, Valid: valid, Server: results.Server{
			Rejected: rejected, BytesDrained: rejected * 1000, CPUUsPerRejection: hold / 10,
			HoldMs: results.Percentiles{Count: rejected, Mean: hold, P99: 2 * hold},
		}}
	}
	clients := []Client{{"blocking", 0.75}, {"duplex", 0.25}}
	got := NewCost([]results.Cell{
		cell("blocking", true, 10, 100), cell("blocking", true, 30, 200), cell("duplex", true, 1000, 400), cell("blocking", false, 1000, 9999),
	}, clients)
	want := Cost{HoldMs: 0.75*175 + 0.25*400, HoldP99Ms: 800, CPUUs: 0.75*17.5 + 0.25*40, DrainedBytes: 1000}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
