package compare

import (
	"fmt"
	"math"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Plan states how many rounds each of two runs needs so that a gate on the delivered
// share decides.
type Plan struct {
	Rounds   int     // at least results.RoundGroups
	Attempts int64   // of a cell in one round, the smallest of any cell
	Cells    int     // of one round
	Effect   float64 // smallest difference that matters, 0 to 1
	// Dispersion is that of the rounds. It is assumed unless Measured is true.
	Dispersion float64
	Measured   bool
	// Change is the smallest change of a share of 1/2 that is called with the planned
	// power, 0 to 1. It is above Effect: a change of exactly Effect is estimated as less
	// in half of the comparisons.
	Change float64
}

// DefaultAlpha is the level of a comparison where none is asked for: the highest chance
// of any false call.
const DefaultAlpha = 0.05

const (
	planPower = 0.8
	// GatePower is the power with which a run with a gate goes on: a little more than
	// promised, because a run that stops where its rounds agree well by chance
	// underestimates how far they differ.
	GatePower = 0.9
	// planDispersion is assumed without a run that shows it. Attempts that start
	// independently had 0.8 to 1.3 on a quiet machine, and up to 3 at high rates.
	planDispersion = 1.5
	// mostPlanned is the largest number of rounds that a plan has.
	mostPlanned = 1000
)

// NewPlan plans the rounds of a run of points, each with so many attempts in a round; 0
// where that is not known. It assumes shares of 1/2, which need most rounds. base is an
// earlier run; nil for none. At the points that it has, its shares and its dispersion
// replace the assumed ones, and its rejections per attempt, or per round if the attempts
// are not known. It returns an error where 1000 rounds would not do, or base has none of
// the points.
func NewPlan(effect float64, points []results.Point, attempts int64, base *results.Run) (Plan, error) {
	cells := len(points)
	p := Plan{Rounds: results.RoundGroups, Cells: cells, Attempts: attempts, Effect: effect, Dispersion: planDispersion}
	expected := []expectedCell{{0.5, attempts}}
	if base != nil {
		var err error
		if expected, err = p.learn(base, points); err != nil {
			return Plan{}, err
		}
	}
	for _, c := range expected {
		rounds, ok := stats.RoundsToAgree(c.share, effect, DefaultAlpha, planPower, p.Dispersion, c.attempts, mostPlanned)
		if !ok {
			return Plan{}, fmt.Errorf("more than %d rounds of %d attempts would be needed: make more attempts per cell, or allow a larger effect", mostPlanned, c.attempts)
		}
		p.Rounds = max(p.Rounds, rounds)
	}
	p.Change = stats.ChangeFound(effect, DefaultAlpha*gatedPart/float64(max(cells, 1)), planPower, p.Dispersion, p.Attempts, p.Rounds)
	return p, nil
}

// expectedCell is what a plan expects of a cell in one round.
type expectedCell struct {
	share    float64
	attempts int64
}

// learn takes from an earlier run what it shows of the points: the share and the
// rejections of each in a round, and the dispersion of the rounds. A point that the run
// lacks is expected to have a share of 1/2.
func (p *Plan) learn(base *results.Run, points []results.Point) (expected []expectedCell, err error) {
	metric, err := analysis.MetricByName("delivered_share")
	if err != nil {
		return nil, err
	}
	var chi, df float64
	measured := byPoint(analysis.Group(base.Cells))
	known, planned := 0, p.Attempts
	p.Attempts = math.MaxInt64
	for _, point := range points {
		rounds := measured[point.Key()].Valid()
		share := analysis.PooledShare(metric, rounds, stats.Dispersion{})
		if !share.Known() {
			if planned > 0 {
				expected = append(expected, expectedCell{0.5, planned})
				p.Attempts = min(p.Attempts, planned)
			}
			continue
		}
		known++
		rejections := share.N / int64(len(rounds))
		if planned > 0 {
			var made int64
			for _, c := range rounds {
				made += c.Attempts
			}
			rejections = planned * share.N / max(made, 1)
		}
		rejections = max(rejections, 1)
		expected = append(expected, expectedCell{share.Value, rejections})
		p.Attempts = min(p.Attempts, rejections)
		// Shares of 0 or 1 carry no information on dispersion.
		if d := dispersionOf(metric, rounds); d.DF > 0 && share.K > 0 && share.K < share.N {
			chi, df = chi+d.Phi*float64(d.DF), df+float64(d.DF)
		}
	}
	if known == 0 {
		return nil, fmt.Errorf("%s has no valid cell of this grid to plan from", base.Dir)
	}
	if df > 0 {
		p.Dispersion, p.Measured = max(chi/df, 1), true
	}
	return expected, nil
}

// Lines describes the plan for a terminal.
func (p Plan) Lines() []string {
	source := "assumed"
	if p.Measured {
		source = "measured"
	}
	effect := words.Points(p.Effect)
	return []string{
		fmt.Sprintf("about %s of %d attempts in each cell (dispersion %.1f, %s);", words.Plural(p.Rounds, "round"), p.Attempts, p.Dispersion, source),
		"each cell goes on until its own rounds suffice;",
		fmt.Sprintf("equal runs are then the same within %s points in %.0f of 100 cells,", effect, planPower*100),
		fmt.Sprintf("and a change of %.1f points in any cell is found in %.0f of 100 comparisons", p.Change*100, planPower*100),
	}
}
