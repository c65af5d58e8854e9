package sweep

import (
	"github.com/rejectbench/rejectbench/analysis/stats"
)

// Gate is a comparison with an equal run that has to decide on the delivered share of a
// point.
//
// How far rounds differ, and where the share lies, is not known before the run, and both
// vary between points: attempts over the loopback depend on each other, and a share of
// 100% needs far fewer rounds than one of 50%. So the first rounds are an internal pilot,
// and the rounds needed are computed again after each. A run that stops on its own
// variance makes it look smaller than it is; how much that costs is in
// TestAGateDecidesEqualRuns.
//
// Sources: J. Wittes and E. Brittain, "The role of internal pilot studies in increasing
// the efficiency of clinical trials", Statistics in Medicine 9 (1990) 65-72; J. Wittes,
// O. Schabenberger, D. Zucker, E. Brittain and M. Proschan, "Internal pilot studies I",
// Statistics in Medicine 18 (1999) 3481-3491, on the bias of designs that may stop early.
type Gate struct {
	Effect  float64 // smallest difference that matters, at most 1; 0 is no gate
	Alpha   float64 // level of the comparison
	Power   float64 // with which equal runs are to be called the same
	Pilot   int     // rounds before the first estimate, at least results.LeastRounds
	Planned int     // rounds expected before that
	Most    int     // rounds after which a point is given up
}

// rounds returns how many rounds of a point decide, as far as its rounds until now tell.
func (g Gate) rounds(t *tally) int {
	if len(t.rejected) < g.Pilot {
		return min(max(g.Pilot, g.Planned), g.Most)
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
