package verdict

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// of returns the verdict on five rounds with the same result.
func of(o Options, cells ...results.Cell) Verdict {
	return New(analysis.NewStudy(&results.Run{Cells: analysistest.Repeated(cells, 5)}), o)
}

func TestAConditionIsJudgedByItsInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 1000).Draw(t, "n")
		k := rapid.Int64Range(0, n).Draw(t, "k")
		target := rapid.Float64Range(0.01, 0.99).Draw(t, "target")
		if StateOf(stats.NewShare(k, n), target) != Undecided {
			t.Fatal("a share without an interval is decided")
		}
		s := stats.NewIndependentShare(k, n)
		switch got := StateOf(s, target); {
		case got == Delivers && (s.Low < target || s.Value < target), got == Loses && (s.High >= target || s.Value >= target), got == Undecided && (s.Low >= target || s.High < target):
			t.Fatalf("%+v at %v is %v", s, target, got)
		}
	})
}

func TestTiersAreThoseOfTheWorstCondition(t *testing.T) {
	v := of(Options{},
		analysistest.CellOf("none", "blocking", 0, 0, 100, 100), analysistest.CellOf("none", "blocking", 50, 0, 100, 100),
		analysistest.CellOf("some", "blocking", 0, 0, 100, 100), analysistest.CellOf("some", "blocking", 50, 0, 60, 100),
		analysistest.CellOf("all", "blocking", 0, 0, 100, 100), analysistest.CellOf("all", "blocking", 50, 0, 0, 100),
		analysistest.CellOf("open", "blocking", 0, 0, 100, 100), analysistest.CellOf("open", "blocking", 50, 0, 95, 100),
	)
	var got []string
	for i, tier := range []Tier{NearlyAllLost, SomeLost, Open, NoneLost} {
		if v.Strategies[i].Tier != tier {
			t.Errorf("%s is in tier %v", v.Strategies[i].Name, v.Strategies[i].Tier)
		}
		got = append(got, v.Strategies[i].Name)
	}
	if strings.Join(got, " ") != "all some open none" || v.Counts != (Counts{Delivers: 5, Loses: 2, Undecided: 1, Lossy: 3}) {
		t.Errorf("%v, %+v", got, v.Counts)
	}
	if a := v.Axes; len(a) != 1 || strings.Join(a[0].Lost, " ") != "50 ms" || strings.Join(a[0].Spared, " ") != "0 ms" {
		t.Errorf("%+v", a)
	}
}

func TestTheReasonsComeInTheirOrder(t *testing.T) {
	hold := func(strategy string) Hold {
		return map[string]Hold{"cheap": {Known: true, LongestMs: 30_000}, "short": {Known: true, LongestMs: 5000}, "twin": {Known: true, LongestMs: 5000}, "lossy": {Known: true}}[strategy]
	}
	var cells []results.Cell
	for rtt := range 6 {
		for strategy, mean := range map[string]float64{"cheap": 1, "short": 10, "twin": 20, "lossy": 0.1} {
			k := int64(100)
			if strategy == "lossy" {
				k = 50
			}
			c := analysistest.CellOf(strategy, "blocking", float64(rtt), 0, k, 100)
			c.Server.HoldMs.Mean = mean
			cells = append(cells, c)
		}
	}
	a := of(Options{Hold: hold}, cells...).Advice
	if a.Strategy != "short" || len(a.Tied) > 0 || len(a.Reasons) != 3 || a.Reasons[0].Kind != ByDelivery || a.Reasons[1].Kind != ByHostile || a.Reasons[2].Kind != ByHold {
		t.Errorf("%+v", a)
	}
	if a := of(Options{}, cells...).Advice; a.Strategy != "cheap" {
		t.Errorf("without hostile holds: %+v", a)
	}
	var few []results.Cell // a sign test needs four conditions
	for _, c := range cells {
		if c.RTTMs < 3 {
			few = append(few, c)
		}
	}
	if a := of(Options{Hold: hold}, few...).Advice; a.Strategy != "short" || strings.Join(a.Tied, " ") != "twin" {
		t.Errorf("three conditions: %+v", a)
	}
}

func TestOneRoundDecidesAndAdvisesNothing(t *testing.T) {
	v := New(analysis.NewStudy(&results.Run{Cells: []results.Cell{
		analysistest.CellOf("close", "blocking", 0, 0, 0, 1000), analysistest.CellOf("lingering-close", "blocking", 0, 0, 1000, 1000),
	}}), Options{})
	if v.Counts.Undecided != 2 || v.Advice.Strategy != "" || v.NoInterval == "" {
		t.Errorf("%+v", v)
	}
}
