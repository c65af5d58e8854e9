package sweep

import (
	"github.com/rejectbench/rejectbench/analysis/stats"
)

// Gate is a comparison with an equal run that has to decide on the delivered share of a
// point.
//
// How far rounds differ, and where the share lies, is not known before the run, and both
// vary between points: attempts over the loopback depend on each other, and a share of
// 100% needs a tenth of the rounds of 50%. So the first rounds are an internal pilot,
// and the rounds needed are computed again after each. That leaves the level of the
// comparison as it is: the rounds depend on shares and on variances, not on which run
// is better.
//
// Sources: J. Wittes and E. Brittain, "The role of internal pilot studies in increasing
// the efficiency of clinical trials", Statistics in Medicine 9 (1990) 65-72; T. Friede
// and M. Kieser, "Sample size recalculation in internal pilot study designs: a review",
// Biometrical Journal 48 (2006) 537-555.
type Gate struct {
	Effect float64 // smallest difference that matters, above 0 and at most 1; 0 is no gate
	Alpha  float64 // level of the comparison
	Power  float64 // with which equal runs are to be called the same
	Pilot  int     // rounds after which the first estimate is made, at least results.LeastRounds
	Most   int     // rounds after which a point is given up
}

// rounds returns how many rounds of a point decide, as far as its rounds until now tell.
func (g Gate) rounds(t *tally) int {
	if len(t.rejected) < g.Pilot {
		return g.Pilot
	}
	var k, n int64
	for i := range t.rejected {
		k, n = k+t.delivered[i], n+t.rejected[i]
	}
	d := stats.RoundsDispersion(t.delivered, t.rejected)
	rounds, ok := stats.RoundsToAgree(float64(k)/float64(n), g.Effect, g.Alpha, g.Power, d.Factor(), n/int64(len(t.rejected)), g.Most)
	if !ok {
		return g.Most
	}
	return max(rounds, g.Pilot)
}
