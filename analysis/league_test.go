package analysis

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/results"
)

// leagueServers are made-up servers, each of which rejects as a strategy of the
// reference server does.
var leagueServers = []struct{ name, version, summary, as string }{
	{"nginx", "1.22.1", "nginx 1.22.1: return 503, and lingering_close as it is by default (on)", "lingering-close"},
	{"nginx:lingering_close=off", "1.22.1", "nginx 1.22.1: return 503, and close at once", "read-header"},
	{"h2o", "2.2.5", "H2O 2.2.5: a mruby handler that answers 503", "close"},
	{"node", "20.20.2", "Node.js, its http module 20.20.2: writeHead(503) and end() at once, the body unread", "shutdown"},
	{"varnish", "7.1.1", "Varnish Cache 7.1.1: return (synth(503))", "read-request"},
}

// leagueRun is a made-up run of those servers under clients of the fleet and
// libraries: python-http is like blocking, curl like duplex, and java-http in between.
func leagueRun(t testing.TB) *results.Run {
	t.Helper()
	g := smallGrid()
	g.strategies, g.clients = nil, []string{"blocking", "duplex", "curl", "java-http", "python-http"}
	g.rtts, g.bodies, g.concurrencies, g.rounds, g.attempts = []float64{20, 100}, []int64{0, 100_000, 1_000_000}, []int{5}, 1, 40
	for _, s := range leagueServers {
		g.strategies = append(g.strategies, s.as)
	}
	return asLeague(synthetic(t, g))
}

// asLeague gives a run of strategies the names of servers, and what a server
// that keeps no ledger leaves out.
func asLeague(run *results.Run) *results.Run {
	m := &run.Manifest
	m.Servers = map[string]string{}
	m.ClientVersions = map[string]string{"curl": "7.88.1", "java-http": "17.0.15", "python-http": "3.11.2"}
	for _, name := range []string{"curl", "java-http", "python-http"} {
		m.Clients = append(m.Clients, results.Term{Name: name, Summary: name + " (" + m.ClientVersions[name] + ")"})
	}
	of := map[string]string{}
	for _, s := range leagueServers {
		program, _, _ := strings.Cut(s.name, ":")
		m.Servers[program], of[s.as] = s.version, s.name
		m.Strategies = append(m.Strategies, results.Term{Name: s.name, Summary: s.summary})
	}
	behave := map[results.Point]results.Cell{} // what a client's model measured under the same conditions
	for _, c := range run.Cells {
		behave[c.Point.Key()] = c
	}
	for i := range run.Cells {
		c := &run.Cells[i]
		model := map[string]string{"python-http": "blocking", "curl": "duplex", "java-http": "blocking"}[c.Client]
		if model != "" && (c.Client != "java-http" || c.BodyBytes > 500_000) {
			p := c.Point.Key()
			p.Client = model
			same := behave[p]
			c.Outcomes, c.Rejected, c.Delivered, c.Histograms, c.LatencyMs = same.Outcomes, same.Rejected, same.Delivered, same.Histograms, same.LatencyMs
		}
		c.Strategy = of[c.Strategy]
		c.Ledger, c.Server = results.Ledger{}, results.Server{CPUUsPerRejection: c.Server.CPUUsPerRejection}
	}
	return run
}

func TestTheSentencesOfALeagueAreAsRecorded(t *testing.T) {
	run := leagueRun(t)
	spoilField(run, "h2o", "curl", 20, 0)
	golden(t, "findings-league.golden", []byte(strings.Join(Findings(NewStudy(run)), "\n")+"\n"))
}

// spoilField makes the cells of a field invalid.
func spoilField(run *results.Run, server, client string, rtt float64, body int64) {
	for i := range run.Cells {
		c := &run.Cells[i]
		if c.Strategy == server && c.Client == client && c.RTTMs == rtt && c.BodyBytes == body {
			c.Valid, c.InvalidReason = false, "path late: p99 2.9 ms"
		}
	}
}

func leagueOf(run *results.Run) *league {
	return newLeague(&run.Manifest, Summarize(run.Cells, &run.Manifest))
}

func leagueFindings(run *results.Run) string { return strings.Join(leagueOf(run).findings(), "\n") }

// serverRun is a run of two servers, first and second, made of the cells given.
func serverRun(cells ...results.Cell) *results.Run {
	return &results.Run{Cells: cells, Manifest: results.Manifest{
		Servers:        map[string]string{"first": "1.0", "second": "2.0"},
		ClientVersions: map[string]string{"curl": "7", "python-http": "3"},
		Clients:        []results.Term{{Name: "blocking"}, {Name: "duplex"}, {Name: "curl"}, {Name: "python-http"}},
	}}
}

func TestARunIsALeagueOnlyWithTwoServersInAGrid(t *testing.T) {
	run := serverRun(cellOf("first", "blocking", 20, 0, 40, 40), cellOf("second", "blocking", 20, 0, 40, 40))
	if leagueOf(run) == nil {
		t.Error("two servers are no league")
	}
	scenario := serverRun(run.Cells...)
	for i := range scenario.Cells {
		scenario.Cells[i].Scenario, scenario.Cells[i].Part = "report-1", "reported"
	}
	alone := serverRun(run.Cells[0])
	alone.Manifest.Servers = map[string]string{"first": "1.0"}
	for name, run := range map[string]*results.Run{"scenario": scenario, "one server": alone, "strategies": synthetic(t, tinyGrid())} {
		if leagueOf(run) != nil {
			t.Errorf("%s: a league", name)
		}
	}
}

func TestServersStandInTheOrderOfTheirShares(t *testing.T) {
	l := leagueOf(leagueRun(t))
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
	l := leagueOf(serverRun(
		cellOf("first", "blocking", 20, 0, 100, 100), cellOf("second", "blocking", 20, 0, 90, 100),
		cellOf("first", "blocking", 20, 1<<20, 0, 100),
	))
	if got := l.overall("first").Delivered; got.N != 100 || l.servers[0] != "first" {
		t.Errorf("first has n=%d, order %v", got.N, l.servers)
	}
}

func TestALossIsSaidWithItsFirstBodyAndRoundTrip(t *testing.T) {
	got := leagueFindings(serverRun(
		cellOf("first", "blocking", 20, 0, 100, 100), cellOf("first", "blocking", 100, 0, 100, 100),
		cellOf("first", "blocking", 20, 1024, 100, 100), cellOf("first", "blocking", 100, 1024, 90, 100),
		cellOf("first", "duplex", 20, 0, 100, 100), cellOf("first", "duplex", 20, 1024, 100, 100),
		cellOf("second", "blocking", 20, 0, 100, 100), cellOf("second", "duplex", 20, 0, 100, 100),
	))
	for _, want := range []string{
		"it lost answers to blocking first at body 1 KiB, rtt 100 ms; fewest arrived at blocking under rtt 100 ms, body 1 KiB: 90.0% (95% CI",
		"duplex lost none: 100% (95% CI 98.1–100, n=200)",
		"Every rejection of second 2.0 reached every one of 2 clients, at every round trip and body that has a valid cell: 100% (95% CI 98.1–100, n=200)",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestABehaviourPredictsALibraryUnlessAFieldSurelyDiffers(t *testing.T) {
	near := serverRun(
		cellOf("first", "blocking", 20, 0, 20, 40), cellOf("first", "python-http", 20, 0, 24, 40), cellOf("first", "duplex", 20, 0, 40, 40),
		cellOf("second", "blocking", 20, 0, 40, 40), cellOf("second", "python-http", 20, 0, 40, 40), cellOf("second", "duplex", 20, 0, 40, 40),
	)
	k := leagueOf(near).likenesses()
	if len(k) != 1 || k[0].verdict() != likeAfter || k[0].after.fields != 2 || k[0].meanwhile.differ != 1 {
		t.Errorf("%+v", k)
	}
	far := serverRun(near.Cells...)
	far.Cells[1] = cellOf("first", "python-http", 20, 0, 2, 40)
	if k := leagueOf(far).likenesses(); k[0].verdict() != nearsAfter {
		t.Errorf("%s: %+v", k[0].verdict(), k)
	}
	same := serverRun(near.Cells[3:]...)
	same.Cells = append(same.Cells, cellOf("first", "blocking", 20, 0, 40, 40))
	if k := leagueOf(same).likenesses(); k[0].verdict() != likeBoth {
		t.Errorf("%s: %+v", k[0].verdict(), k)
	}
}

// Of fields that differ by chance alone Holm's correction calls few.
func TestManyFieldsDoNotMakeADifference(t *testing.T) {
	var cells []results.Cell
	for i := range int64(60) {
		for _, server := range []string{"first", "second"} {
			cells = append(cells, cellOf(server, "blocking", float64(i), 0, 20+i%6, 40), cellOf(server, "duplex", float64(i), 0, 40, 40),
				cellOf(server, "python-http", float64(i), 0, 26-i%6, 40))
		}
	}
	if k := leagueOf(serverRun(cells...)).likenesses(); k[0].after.differ != 0 || k[0].meanwhile.differ == 0 {
		t.Errorf("%+v", k)
	}
}

func TestACaveatIsSaidOnlyWhereItApplies(t *testing.T) {
	plainRun := leagueRun(t)
	plain := leagueFindings(plainRun)
	other := leagueRun(t)
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
	spoilField(other, "h2o", "curl", 20, 0)
	different := leagueFindings(other)
	for _, c := range []struct {
		words        string
		plain, other bool
	}{
		{"from these versions to others", true, true},
		{"keep no ledger", true, false},
		{"a path that lost no packet", true, false},
		{"measured in one, and the intervals", true, false},
		{"every client had 5 open at once", true, false},
		{"different numbers of connections open at once, 3 (curl) and 5 (", false, true},
		{"compiled while it runs: node (V8)", true, false},
		{"fields without a valid cell, which are left out: 1 of 150", false, true},
		{"from one machine (Example CPU, 2 cores) with one kernel (Linux 6.18.0)", true, true},
	} {
		if strings.Contains(plain, c.words) != c.plain || strings.Contains(different, c.words) != c.other {
			t.Errorf("%q: want %v and %v in\n%s\n\nand\n%s", c.words, c.plain, c.other, plain, different)
		}
	}
}

func TestALeagueDoesNotSpeakForTheStrategiesBesideIt(t *testing.T) {
	run := leagueRun(t)
	for _, k := range []int64{10, 40} {
		c := cellOf("close", "blocking", 20, 100_000, k, 40)
		c.Concurrency = int(k)
		run.Cells = append(run.Cells, c)
	}
	got := strings.Join(Findings(NewStudy(run)), "\n")
	if !strings.Contains(got, "With blocking clients close delivered 62.5% (95% CI") {
		t.Error(got)
	}
	if l := leagueOf(run); l.missing(func(s *Summary) bool { return s != nil && s.Strategy == "close" }) {
		t.Error("a strategy of the reference server is in the league")
	}
}

func TestHeatIsDarkerTheMoreIsLostAndTheNumberStaysReadable(t *testing.T) {
	last := 2.0
	for i := range 101 {
		field, on := heatColor(1 - float64(i)/100)
		l, ink := luminance(field), luminance(on)
		if l >= last {
			t.Errorf("at %d%% luminance %v after %v", 100-i, l, last)
		}
		if got := contrast(max(l, ink), min(l, ink)); got < 4.5 {
			t.Errorf("at %d%% contrast %.2f", 100-i, got)
		}
		last = l
	}
}

func TestAFieldReadsAllOrNothingOnlyWhereItIs(t *testing.T) {
	for want, s := range map[string]Share{"100": NewShare(40, 40), "99": NewShare(999, 1000), "1": NewShare(1, 1000), "0": NewShare(0, 40), "50": NewShare(1, 2)} {
		if got := heatNumber(s); got != want {
			t.Errorf("%d of %d: %s", s.K, s.N, got)
		}
	}
}

func TestTheHeatMapShowsEveryFieldAsANumber(t *testing.T) {
	run := leagueRun(t)
	spoilField(run, "h2o", "curl", 20, 0)
	l := leagueOf(run)
	f := heatPlot(l)
	svg, err := f.svg()
	if err != nil {
		t.Fatal(err)
	}
	checkXML(t, f.name, svg)
	count := map[string]int{}
	for _, s := range l.servers {
		for _, c := range l.clients {
			for _, p := range l.conditions {
				if share := l.share(s, c, p); share.Known() {
					count[heatNumber(share)]++
				}
			}
		}
	}
	for text, n := range count {
		if got := strings.Count(string(svg), fmt.Sprintf(">%s</text>", text)); got != n {
			t.Errorf("%s stands %d times, want %d", text, got, n)
		}
	}
	if !strings.Contains(string(svg), "no valid cell") {
		t.Error("the legend does not explain a field without a valid cell")
	}
}

func TestEveryConditionHasOnePanelAsLongAsThereIsRoom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rtts, bodies := rapid.IntRange(1, 5).Draw(t, "round trips"), rapid.IntRange(1, 5).Draw(t, "bodies")
		l := &league{clients: make([]string, rapid.IntRange(1, 20).Draw(t, "clients"))}
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
				cells = append(cells, cellOf("first", client, float64(rtt), 0, rapid.Int64Range(0, n).Draw(t, "delivered"), n))
			}
			if measured == 2 {
				both++
			}
		}
		p := leagueOf(serverRun(cells...)).predict(readsAfter, "python-http")
		if p.fields != both || p.differ > p.fields || p.distance < 0 || p.distance > 1 || p.fields > 0 && (p.low > p.worst || p.high < p.worst) {
			t.Errorf("%d fields of both: %+v", both, p)
		}
	})
}
