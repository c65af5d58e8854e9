package stats

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/rejectbench/rejectbench/results"
)

// RoundsToAgree returns the number of rounds that each of two runs needs so that the
// interval of level 1-alpha of the difference of two equal shares lies within -effect
// and effect with the given power. A round has the given number of attempts with the
// dispersion phi, which is estimated from the rounds; a phi below 1 counts as 1. It
// returns at least results.LeastRounds, and false where it would return more than most.
// The dispersion of two runs has at most the degrees of freedom of results.RoundGroups
// rounds each.
//
// Equal shares are called the same by this interval, which is the confidence interval
// inclusion rule of equivalence tests.
//
// Sources: D. J. Schuirmann, "A comparison of the two one-sided tests procedure and the
// power approach for assessing the equivalence of average bioavailability", Journal of
// Pharmacokinetics and Biopharmaceutics 15 (1987) 657-680; K. F. Phillips, "Power of the
// two one-sided tests procedure in bioequivalence", the same 18 (1990) 137-144.
func RoundsToAgree(share, effect, alpha, power, phi float64, attempts int64, most int) (int, bool) {
	agrees := func(rounds int) bool {
		n := float64(rounds) * float64(attempts) / planned(phi, rounds)
		low, high := Newcombe(share*n, n, share*n, n, studentQuantile(1-alpha/2, rounds))
		// The estimates differ by chance, to either side.
		by := NormalQuantile((1+power)/2) * math.Sqrt(2*share*(1-share)/n)
		return by-low <= effect && high+by <= effect
	}
	// More rounds make the interval narrower.
	more := sort.Search(max(most-results.LeastRounds+1, 0), func(more int) bool { return agrees(results.LeastRounds + more) })
	if rounds := results.LeastRounds + more; rounds <= most {
		return rounds, true
	}
	return 0, false
}

// ChangeFound returns the smallest difference from a share of 1/2 that two runs call
// with the given power: that is significant at level alpha, and at least effect. The
// other arguments are those of RoundsToAgree. It is at most 1.
func ChangeFound(effect, alpha, power, phi float64, attempts int64, rounds int) float64 {
	n := float64(rounds) * float64(attempts) / planned(phi, rounds)
	sigma := math.Sqrt(2 * 0.25 / n)
	least := max(effect, studentQuantile(1-alpha/2, rounds)*sigma)
	return min(least+NormalQuantile(power)*sigma, 1)
}

// planned returns the dispersion to plan with: its estimate varies, and a large one
// widens the interval more than a small one narrows it.
func planned(phi float64, rounds int) float64 {
	return max(phi, 1) * (1 + 1/math.Sqrt(math.Pi*degreesOfFreedom(rounds)))
}

// studentQuantile returns the p-quantile of Student's distribution with the degrees of
// freedom of two runs.
func studentQuantile(p float64, rounds int) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: degreesOfFreedom(rounds)}.Quantile(p)
}

// degreesOfFreedom are those of the dispersion of two runs of so many rounds, at least 2.
func degreesOfFreedom(rounds int) float64 {
	return float64(2 * max(min(rounds, results.RoundGroups)-1, 1))
}
