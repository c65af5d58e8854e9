package league

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results"
)

func leagueOf(run *results.Run) *League {
	return New(analysis.NewStudy(run))
}

func leagueFindings(run *results.Run) string { return strings.Join(leagueOf(run).Findings(), "\n") }

func TestARunIsALeagueOnlyWithTwoServersInAGrid(t *testing.T) {
	run := analysistest.ServerRun(analysistest.CellOf("first", "blocking", 20, 0, 40, 40), analysistest.CellOf("second", "blocking", 20, 0, 40, 40))
	if leagueOf(run) == nil {
		t.Error("two servers are no league")
	}
	scenario := analysistest.ServerRun(run.Cells...)
	for i := range scenario.Cells {
		scenario.Cells[i].Scenario, scenario.Cells[i].Part = "report-1", "reported"
	}
	alone := analysistest.ServerRun(run.Cells[0])
	alone.Manifest.Servers = map[string]string{"first": "1.0"}
	for name, run := range map[string]*results.Run{"scenario": scenario, "one server": alone, "strategies": analysistest.Synthetic(t, analysistest.TinyGrid())} {
		if leagueOf(run) != nil {
			t.Errorf("%s: a league", name)
		}
	}
}

func TestServersAreInTheOrderOfTheirShares(t *testing.T) {
	l := leagueOf(analysistest.LeagueRun(t))
	if len(l.servers) < 3 {
		t.Fatalf("servers %q", l.servers)
	}
	last := 2.0
	for _, s := range l.servers {
		share := l.overall(s).Delivered
		if share.Value > last {
			t.Errorf("%s with %v after %v", s, share.Value, last)
		}
		last = share.Value
	}
}

func TestAServerIsRankedOverWhatAllWereMeasuredUnder(t *testing.T) {
	l := leagueOf(analysistest.ServerRun(
		analysistest.CellOf("first", "blocking", 20, 0, 100, 100), analysistest.CellOf("second", "blocking", 20, 0, 90, 100),
		analysistest.CellOf("first", "blocking", 20, 1<<20, 0, 100),
	))
	if got := l.overall("first").Delivered; got.N != 100 || l.servers[0] != "first" {
		t.Errorf("first has n=%d, order %v", got.N, l.servers)
	}
}

func TestALossIsSaidWithItsFirstBodyAndRoundTrip(t *testing.T) {
	got := leagueFindings(analysistest.ServerRun(
		analysistest.CellOf("first", "blocking", 20, 0, 100, 100), analysistest.CellOf("first", "blocking", 100, 0, 100, 100),
		analysistest.CellOf("first", "blocking", 20, 1024, 100, 100), analysistest.CellOf("first", "blocking", 100, 1024, 90, 100),
		analysistest.CellOf("first", "duplex", 20, 0, 100, 100), analysistest.CellOf("first", "duplex", 20, 1024, 100, 100),
		analysistest.CellOf("second", "blocking", 20, 0, 100, 100), analysistest.CellOf("second", "duplex", 20, 0, 100, 100),
	))
	for _, want := range []string{
		"first 1.0 lost answers at 1 of 6 pairs of client and condition: by blocking from body 1 KiB, rtt 100 ms. The fewest arrived at blocking clients under rtt 100 ms, body 1 KiB: 90.0% (n=100)",
		"No answers were lost by duplex: 100% (n=200)",
		"Every rejection of second 2.0 reached all of 2 clients, at every round trip and body that has a valid cell: 100% (n=200)",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestABehaviourPredictsALibraryUnlessAFieldSurelyDiffers(t *testing.T) {
	near := analysistest.ServerRun(
		analysistest.CellOf("first", "blocking", 20, 0, 20, 40), analysistest.CellOf("first", "python-http", 20, 0, 24, 40), analysistest.CellOf("first", "duplex", 20, 0, 40, 40),
		analysistest.CellOf("second", "blocking", 20, 0, 40, 40), analysistest.CellOf("second", "python-http", 20, 0, 40, 40), analysistest.CellOf("second", "duplex", 20, 0, 40, 40),
	)
	k := leagueOf(near).likenesses()
	if len(k) != 1 || k[0].verdict() != likeAfter || k[0].after.fields != 2 || k[0].meanwhile.differ != 1 {
		t.Errorf("%+v", k)
	}
	far := analysistest.ServerRun(near.Cells...)
	far.Cells[1] = analysistest.CellOf("first", "python-http", 20, 0, 2, 40)
	if k := leagueOf(far).likenesses(); k[0].verdict() != nearsAfter {
		t.Errorf("%s: %+v", k[0].verdict(), k)
	}
	same := analysistest.ServerRun(near.Cells[3:]...)
	same.Cells = append(same.Cells, analysistest.CellOf("first", "blocking", 20, 0, 40, 40))
	if k := leagueOf(same).likenesses(); k[0].verdict() != likeBoth {
		t.Errorf("%s: %+v", k[0].verdict(), k)
	}
}

// Of fields that differ by chance alone Holm's correction calls few.
func TestManyFieldsDoNotMakeADifference(t *testing.T) {
	var cells []results.Cell
	for i := range int64(60) {
		for _, server := range []string{"first", "second"} {
			cells = append(cells, analysistest.CellOf(server, "blocking", float64(i), 0, 20+i%6, 40), analysistest.CellOf(server, "duplex", float64(i), 0, 40, 40),
				analysistest.CellOf(server, "python-http", float64(i), 0, 26-i%6, 40))
		}
	}
	if k := leagueOf(analysistest.ServerRun(cells...)).likenesses(); k[0].after.differ != 0 || k[0].meanwhile.differ == 0 {
		t.Errorf("%+v", k)
	}
}

func TestACaveatIsSaidOnlyWhereItApplies(t *testing.T) {
	plainRun := analysistest.LeagueRun(t)
	plain := leagueFindings(plainRun)
	other := analysistest.LeagueRun(t)
	second := append([]results.Cell(nil), other.Cells...)
	for i := range second {
		second[i].Round = 1
	}
	other.Cells = append(other.Cells, second...)
	for i := range other.Cells {
		c := &other.Cells[i]
		c.Loss = 0.01
		if c.Client == "curl" {
			c.Concurrency = 3
		}
		c.Server.CPUUsPerRejection = 0
		c.Ledger.Matched = c.Attempts
	}
	analysistest.SpoilField(other, "h2o", "curl", 20, 0)
	different := leagueFindings(other)
	for _, c := range []struct {
		words        string
		plain, other bool
	}{
		{"Only these versions were measured", true, true},
		{"keep no ledger", true, false},
		{"Paths with loss, jitter", true, false},
		{"measured in one round", true, false},
		{"every client had 5 open at once", true, false},
		{"different numbers of connections open at once, 3 (curl) and 5 (", false, true},
		{"compiled while it runs: node (V8)", true, false},
		{"Fields without a valid cell are left out: 1 of 150", false, true},
		{"ran on one machine (Example CPU, 2 cores) with one kernel (Linux 6.18.0)", true, true},
	} {
		if strings.Contains(plain, c.words) != c.plain || strings.Contains(different, c.words) != c.other {
			t.Errorf("%q: want %v and %v in\n%s\n\nand\n%s", c.words, c.plain, c.other, plain, different)
		}
	}
}

func TestTheHeatMapShowsEveryFieldAsANumber(t *testing.T) {
	run := analysistest.LeagueRun(t)
	analysistest.SpoilField(run, "h2o", "curl", 20, 0)
	l := leagueOf(run)
	f := Figure(l)
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	analysistest.CheckXML(t, f.Name, svg)
	count := map[string]int{}
	for _, s := range l.servers {
		for _, c := range l.clients {
			for _, p := range l.conditions {
				if share := l.share(s, c, p); share.Known() {
					count[figure.HeatNumber(share)]++
				}
			}
		}
	}
	if len(count) < 3 {
		t.Errorf("the league has the shares %v", count)
	}
	for text, n := range count {
		if got := strings.Count(string(svg), fmt.Sprintf(">%s</text>", text)); got != n {
			t.Errorf("%s is in %d fields, want %d", text, got, n)
		}
	}
	if !strings.Contains(string(svg), "no valid cell") {
		t.Error("the legend does not explain a field without a valid cell")
	}
}

func TestEveryConditionHasOnePanelAsLongAsThereIsRoom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rtts, bodies := rapid.IntRange(1, 5).Draw(t, "round trips"), rapid.IntRange(1, 5).Draw(t, "bodies")
		l := &League{clients: make([]string, rapid.IntRange(1, 20).Draw(t, "clients"))}
		for body := range bodies {
			for rtt := range rtts {
				l.conditions = append(l.conditions, results.Point{BodyBytes: int64(body), RTTMs: float64(rtt)})
			}
		}
		columns, rows, drawn := l.panelGrid()
		var panels []results.Point
		for _, row := range rows {
			for _, p := range row {
				if p.BodyBytes != row[0].BodyBytes {
					t.Errorf("a row has bodies %d and %d", row[0].BodyBytes, p.BodyBytes)
				}
			}
			if len(row) > columns {
				t.Errorf("%d panels in %d columns", len(row), columns)
			}
			panels = append(panels, row...)
		}
		if drawn != len(panels) || !slices.Equal(panels, l.conditions[:drawn]) || drawn < len(l.conditions) && len(rows) < heatRows {
			t.Errorf("%d of %d drawn in %d rows: %v", drawn, len(l.conditions), len(rows), panels)
		}
	})
}

// However counts fall, a prediction is of fields that both have, and what
// surely differs is among them.
func TestAPredictionCountsOnlyFieldsOfBoth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var cells []results.Cell
		both := 0
		for rtt := range rapid.IntRange(1, 8).Draw(t, "fields") {
			measured := 0
			for _, client := range []string{"blocking", "python-http", "duplex"} {
				n := rapid.Int64Range(0, 60).Draw(t, client)
				if n > 0 && client != "duplex" {
					measured++
				}
				cells = append(cells, analysistest.CellOf("first", client, float64(rtt), 0, rapid.Int64Range(0, n).Draw(t, "delivered"), n))
			}
			if measured == 2 {
				both++
			}
		}
		p := leagueOf(analysistest.ServerRun(cells...)).predict(readsAfter, "python-http")
		if p.fields != both || p.differ > p.fields || p.distance < 0 || p.distance > 1 || p.fields > 0 && (p.low > p.worst || p.high < p.worst) {
			t.Errorf("%d fields of both: %+v", both, p)
		}
	})
}

func TestAStrategyOfTheReferenceServerIsInNoLeague(t *testing.T) {
	run := analysistest.LeagueRun(t)
	run.Cells = append(run.Cells, analysistest.CellOf("close", "blocking", 20, 100_000, 10, 40))
	if l := leagueOf(run); l.missing(func(s *analysis.Summary) bool { return s != nil && s.Strategy == "close" }) {
		t.Error("a strategy of the reference server is in the league")
	}
}

func TestAFieldOfAConditionIsItsShareOrSaysWhyThereIsNone(t *testing.T) {
	run := analysistest.LeagueRun(t)
	analysistest.SpoilField(run, "h2o", "curl", 20, 0)
	l := leagueOf(run)
	spoilt := 0
	for i, table := range l.Page().Fields {
		for j, row := range table.Rows {
			for k, got := range row.Cells {
				want, reason := words.None, "path late: p99 2.9 ms"
				if share := l.share(l.servers[j], l.clients[k], l.conditions[i]); share.Known() {
					want, reason = figure.HeatNumber(share), words.Share(share)
				} else {
					spoilt++
				}
				if row.Server != l.servers[j] || table.Clients[k] != l.clients[k] || got.Text != want || !strings.HasSuffix(got.Title, reason) {
					t.Errorf("%+v, want %s and %s", got, want, reason)
				}
			}
		}
	}
	if spoilt != 1 {
		t.Errorf("%d fields without a share, want 1", spoilt)
	}
}

func TestTheComparisonCanMissWhatItsCoarsestFieldMisses(t *testing.T) {
	all := []likeness{
		{client: "a", after: prediction{n: 40, unseen: 0.2}, meanwhile: prediction{n: 30, unseen: 0.25}},
		{client: "b", after: prediction{n: 50, unseen: 0.3}, meanwhile: prediction{n: 60, unseen: 0.1}},
	}
	if n, unseen := coarsest(all); n != 30 || unseen != 0.3 {
		t.Errorf("n=%d, %v", n, unseen)
	}
}
