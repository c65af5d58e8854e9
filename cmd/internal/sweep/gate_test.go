package sweep

import (
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/compare"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// draw returns how many of n answers are delivered in a round whose share varies so that
// rounds differ with phi times the binomial variance.
func draw(rng *rand.Rand, n int64, share, phi float64) int64 {
	if share == 0 || share == 1 {
		return int64(share) * n
	}
	if phi > 1 {
		correlation := (phi - 1) / float64(n-1)
		share = distuv.Beta{Alpha: share * (1/correlation - 1), Beta: (1 - share) * (1/correlation - 1), Src: rng}.Rand()
	}
	return int64(distuv.Binomial{N: float64(n), P: share, Src: rng}.Rand())
}

// gatedRun simulates a run with a gate.
func gatedRun(rng *rand.Rand, gate Gate, shares []float64, phi float64, attempts int64) *results.Run {
	points := make([]results.Point, len(shares))
	for i := range points {
		points[i] = results.Point{Strategy: "close", Client: "blocking", RTTMs: float64(i)}
	}
	rule, run := newStoppingRule(0, gate, points), &results.Run{}
	for round := range gate.Most {
		var visits []visit
		for _, p := range points {
			visits = append(visits, visit{Point: p, round: round})
		}
		if visits = rule.due(visits); len(visits) == 0 {
			break
		}
		for _, v := range visits {
			c := results.Cell{Point: v.Point, Round: round, Valid: true, Attempts: attempts, Rejected: attempts}
			c.Delivered = draw(rng, attempts, shares[int(v.Point.RTTMs)], phi)
			rule.add(v.Point, c)
			run.Cells = append(run.Cells, c)
		}
	}
	return run
}

func TestAGateDecidesEqualRuns(t *testing.T) {
	const effect, attempts = 0.05, 60
	shares := []float64{0.57, 0.63, 0.59, 0.71, 0.5, 0.97, 1, 0.04, 0}
	metric, err := analysis.MetricByName("delivered_share")
	if err != nil {
		t.Fatal(err)
	}
	options := compare.Options{Metrics: []analysis.Metric{metric}, Gate: []string{"delivered_share"}, Alpha: compare.DefaultAlpha, Effect: effect}
	for _, phi := range []float64{1.5, 4} {
		const trials = 10
		plan, err := compare.NewPlan(effect, make([]results.Point, len(shares)), attempts, nil)
		if err != nil {
			t.Fatal(err)
		}
		gate := Gate{Effect: effect, Alpha: compare.DefaultAlpha, Power: compare.GatePower, Pilot: results.RoundGroups, Planned: plan.Rounds, Most: 3 * plan.Rounds}
		rng := rand.New(rand.NewPCG(3, uint64(phi*10)))
		var decided, rows, called, cells int64
		for range trials {
			base, new := gatedRun(rng, gate, shares, phi, attempts), gatedRun(rng, gate, shares, phi, attempts)
			base.Dir, new.Dir = "base", "new"
			call := int64(0)
			for _, order := range [][2]*results.Run{{base, new}, {new, base}} { // better is worse the other way round
				c, err := compare.Runs(order[0], order[1], options)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range c.Rows {
					switch rows++; r.Verdict {
					case compare.Worse:
						call, decided = 1, decided+1
					case compare.Unmeasurable:
					default:
						decided++
					}
				}
			}
			called += call
			cells += int64(len(base.Cells) + len(new.Cells))
		}
		t.Logf("dispersion %v: plan of %d rounds, %.0f made on average; %d of %d rows decided, %d of %d comparisons called",
			phi, plan.Rounds, float64(cells)/float64(2*trials*len(shares)), decided, rows, called, trials)
		if float64(decided) < 0.8*float64(rows) {
			t.Errorf("dispersion %v: only %d of %d rows are decided", phi, decided, rows)
		}
		if low, _ := results.Wilson(float64(called), trials, stats.Z95); low > compare.DefaultAlpha {
			t.Errorf("dispersion %v: %d of %d equal runs are told apart", phi, called, trials)
		}
	}
}

func TestAGateSeesEveryPointInEveryTenthRound(t *testing.T) {
	easy, hard, empty := results.Point{Strategy: "easy"}, results.Point{Strategy: "hard"}, results.Point{Strategy: "empty"}
	rule := newStoppingRule(0, Gate{Effect: 0.05, Alpha: 0.05, Power: 0.9, Pilot: 10, Planned: 40, Most: 30}, []results.Point{easy, hard, empty})
	seen := map[results.Point][]int{}
	for round := range 30 {
		visits := []visit{{Point: easy, round: round}, {Point: hard, round: round}, {Point: empty, round: round}}
		for _, v := range rule.due(visits) {
			seen[v.Point] = append(seen[v.Point], round)
			switch v.Point {
			case easy:
				rule.add(v.Point, cellOf(100, 100))
			case hard:
				rule.add(v.Point, cellOf(int64(20+60*(round%2)), 100))
			default:
				rule.add(v.Point, results.Cell{Valid: true})
			}
		}
	}
	if n := len(seen[hard]); n != 30 {
		t.Errorf("the hard point was seen in %d of 30 rounds", n)
	}
	if n := len(seen[empty]); n != maxEmptyRounds {
		t.Errorf("the point that rejects nothing was seen in %d rounds", n)
	}
	if got := seen[easy]; len(got) != 12 || got[10] != 19 || got[11] != 29 {
		t.Errorf("the easy point was seen in rounds %v", got)
	}
}

func TestAGatesForecastKeepsToItsPlanUntilThePilotEnds(t *testing.T) {
	rule := newStoppingRule(0, Gate{Effect: 0.05, Alpha: 0.05, Power: 0.9, Pilot: 10, Planned: 40, Most: 120}, []results.Point{onePoint})
	for made := range 10 {
		if left := rule.roundsLeft(onePoint, 120-made); left != 40-made {
			t.Errorf("after %d rounds %d are left", made, left)
		}
		rule.add(onePoint, cellOf(100, 100))
	}
	if left := rule.roundsLeft(onePoint, 110); left != 0 {
		t.Errorf("a share of 100%% takes %d rounds more than ten", left)
	}
}
