package compare

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// world makes up runs of one program: every point has a true share and a true value,
// and the rounds of a run vary around them.
type world struct {
	points, rounds int
	attempts       int64
	phi            float64 // dispersion of the shares
	spread         float64 // of the logarithm of the values
	longer         int     // rounds of the other run, where they are not as many
	otherPhi       float64 // dispersion of the other run, where it is not phi
}

// other returns the world of the other run.
func (w world) other() world {
	w.rounds, w.phi = cmp.Or(w.longer, w.rounds), cmp.Or(w.otherPhi, w.phi)
	return w
}

// worldShares are the shares of the points, in turn: medium, and near 0 and 1.
var worldShares = []float64{0.5, 0.9, 0.99, 1, 0.2, 0.998}

func (w world) run(rng *rand.Rand) *results.Run {
	run := &results.Run{Dir: "run", Manifest: results.Manifest{Schema: results.Schema, Kernel: "6.18.0"}}
	for p := range w.points {
		for round := range w.rounds {
			c := results.Cell{
				Schema: results.Schema, Point: results.Point{Strategy: "close", Client: "blocking", RTTMs: float64(p), Concurrency: 8},
				Round: round, Valid: true, Attempts: w.attempts, Rejected: w.attempts,
			}
			c.Delivered = w.attempts
			if share := worldShares[p%len(worldShares)]; share < 1 {
				c.Delivered = analysistest.DrawDispersed(rng, w.attempts, share, w.phi)
			}
			c.Outcomes[results.Delivered], c.Outcomes[results.ResetSend] = c.Delivered, c.Attempts-c.Delivered
			value := func(middle float64) float64 { return middle * math.Exp(w.spread*rng.NormFloat64()) }
			c.LatencyMs.Response = results.Percentiles{Count: c.Delivered, P50: value(20)}
			c.Server = results.Server{
				Rejected: w.attempts, CPUUsPerRejection: value(50), HoldMs: results.Percentiles{Count: w.attempts, Mean: value(3)},
			}
			run.Cells = append(run.Cells, c)
		}
	}
	return run
}

func defaultMetrics(t testing.TB) (metrics []analysis.Metric) {
	t.Helper()
	for _, name := range []string{"delivered_share", "response_p50_ms", "hold_ms", "cpu_us"} {
		m, err := analysis.MetricByName(name)
		if err != nil {
			t.Fatal(err)
		}
		metrics = append(metrics, m)
	}
	return metrics
}

// mustCompare compares two runs with effects of interest so small that the tests alone
// decide.
func mustCompare(t testing.TB, base, new *results.Run) *Comparison {
	t.Helper()
	c, err := Runs(base, new, Options{
		Metrics: defaultMetrics(t), Gate: []string{"delivered_share"}, Alpha: 0.05, Effect: 1e-6, EffectRatio: 1e-6,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Two runs of one program are called different with probability alpha at most, over all
// points and metrics together, at any dispersion.
func TestEqualRunsAreCalledAtMostAsOftenAsAlpha(t *testing.T) {
	const trials, alpha = 600, 0.05
	bound := alpha + 3*math.Sqrt(alpha*(1-alpha)/trials)
	for _, w := range []world{
		{points: 6, rounds: 1, attempts: 100, phi: 1, spread: 0.1},
		{points: 6, rounds: 1, attempts: 100, phi: 22, spread: 0.1},
		{points: 20, rounds: 1, attempts: 100, phi: 22, spread: 0.1},
		{points: 6, rounds: 2, attempts: 100, phi: 22, spread: 0.1},
		{points: 6, rounds: 2, attempts: 100, phi: 1, spread: 0.1},
		{points: 6, rounds: 2, attempts: 100, phi: 8, spread: 0.1},
		{points: 1, rounds: 3, attempts: 40, phi: 1, spread: 0.1},
		{points: 12, rounds: 3, attempts: 40, phi: 3, spread: 0.1},
		{points: 6, rounds: 5, attempts: 400, phi: 3, spread: 0.5},
		{points: 6, rounds: 5, attempts: 100, phi: 8, spread: 0.01},
		{points: 1, rounds: 5, attempts: 100, phi: 1, spread: 0.3},
		{points: 3, rounds: 10, attempts: 100, phi: 3, spread: 0.3},
		{points: 12, rounds: 10, attempts: 40, phi: 8, spread: 0.3},
		{points: 3, rounds: 25, attempts: 40, phi: 3, spread: 0.5},
		{points: 3, rounds: 10, attempts: 100, phi: 8, spread: 1, longer: 80},
		{points: 3, rounds: 30, attempts: 40, phi: 3, spread: 1, longer: 80, otherPhi: 1},
	} {
		t.Run(fmt.Sprintf("points=%d/rounds=%d/phi=%v/longer=%d", w.points, w.rounds, w.phi, w.longer), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(uint64(w.rounds), uint64(w.phi)))
			called, naive := 0, 0
			for range trials {
				base, new := w.run(rng), w.other().run(rng)
				new.Dir = "new"
				counts := mustCompare(t, base, new).counts(false)
				if counts[Worse]+counts[better] > 0 {
					called++
				}
				if w.longer == 0 && naivelyCalled(base, new, alpha) {
					naive++
				}
			}
			t.Logf("called %.3f; as if attempts were independent %.3f", float64(called)/trials, float64(naive)/trials)
			if rate := float64(called) / trials; rate > bound {
				t.Errorf("%.3f of %d comparisons of equal runs were called, more than %.3f", rate, trials, bound)
			}
			// A test that ignores the dispersion fails on these data.
			if w.phi == 8 && w.longer == 0 && float64(naive)/trials < 3*bound {
				t.Errorf("only %.3f were called as if attempts were independent: these runs are no trial", float64(naive)/trials)
			}
		})
	}
}

// naivelyCalled reports whether a stratified test that assumes independent attempts
// calls any share, with Bonferroni's correction.
func naivelyCalled(base, new *results.Run, alpha float64) bool {
	old, now := byPoint(analysis.Group(base.Cells)), byPoint(analysis.Group(new.Cells))
	for p := range old {
		var strata []stats.Stratum
		for _, round := range old[p].Valid() {
			strata = append(strata, stats.Stratum{BaseK: round.Delivered, BaseN: round.Rejected})
		}
		for i, round := range now[p].Valid() {
			strata[i].NewK, strata[i].NewN = round.Delivered, round.Rejected
		}
		if stats.NewSharesTest(strata).P <= alpha/float64(len(old)) {
			return true
		}
	}
	return false
}

// The guards against false calls leave enough power.
func TestRealDifferencesAreCalled(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	w := world{points: 6, rounds: 8, attempts: 200, phi: 2, spread: 0.05}
	found := map[string]int{}
	const trials = 100
	for range trials {
		base, new := w.run(rng), w.run(rng)
		for i := range new.Cells {
			c := &new.Cells[i]
			if c.RTTMs == 3 { // whose share is 1
				lost := c.Attempts / 10
				c.Delivered, c.Outcomes[results.Delivered], c.Outcomes[results.ResetSend] = c.Attempts-lost, c.Attempts-lost, lost
				c.Server.CPUUsPerRejection /= 1.5
			}
		}
		for _, r := range mustCompare(t, base, new).Rows {
			if r.Point.RTTMs == 3 && (r.Verdict == Worse || r.Verdict == better) {
				found[r.Metric.Name+" "+r.Verdict.String()]++
			}
		}
	}
	if found["delivered_share worse"] < trials*9/10 || found["cpu_us better"] < trials*9/10 || found["delivered_share better"] > 0 || found["cpu_us worse"] > 0 {
		t.Errorf("of %d: %v", trials, found)
	}
}
