package results

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Rounds returns how much more the rounds of a point differ than independent
// attempts would, and how many independent attempts its attempts are worth. Round i
// had k[i] successes in n[i] attempts. The 95% interval of the share is Wilson's of
// that many attempts: Wilson(share*effectiveN, effectiveN, Z95).
//
// The dispersion is the design effect: the variance of the ratio sum(k)/sum(n),
// estimated from the rounds, divided by the variance of as many independent
// attempts. It is 1 where all attempts had the same result, because such rounds show
// no variance of either kind. The effective number is n/dispersion, times the square
// of the ratio of the normal quantile and that of Student's t, because few rounds
// estimate the variance poorly. A dispersion below 1 counts as 1: evenly spread
// attempts agree better than independent ones while the machine stays as it is, and
// rounds do not show how much it changes between runs.
//
// Neighbours of many rounds are put into groups first, see Dispersion. It reports false
// with fewer than three rounds that have attempts. With two, the t factor leaves 2 of 100
// attempts.
//
// Sources: L. Kish, "Survey Sampling" (1965), section 5.4 and 8.2; J. N. K. Rao and
// A. J. Scott, "A simple method for the analysis of clustered binary data",
// Biometrics 48 (1992) 577-585; E. L. Korn and B. I. Graubard, "Confidence intervals
// for proportions with small expected number of positive counts estimated from
// survey data", Survey Methodology 24 (1998) 193-201; N. Dean and M. Pagano,
// "Evaluating confidence interval methods for binomial proportions in clustered
// surveys", Journal of Survey Statistics and Methodology 3 (2015) 484-503.
func Rounds(k, n []int64) (dispersion, effectiveN float64, ok bool) {
	dispersion, df := Dispersion(k, n)
	if df+1 < LeastRounds {
		return 0, 0, false
	}
	var all float64
	for _, size := range n {
		all += float64(max(size, 0))
	}
	return dispersion, EffectiveN(all, dispersion, df), true
}

// Dispersion returns the design effect of the rounds of a point, with its degrees of
// freedom; see Rounds. It is 1 where all attempts had the same result, and has 0 degrees
// of freedom with fewer than two rounds that have attempts.
//
// What changes slowly on a machine, such as its clock rate or other guests of the
// hypervisor, is the same in many rounds in a row, so eighty of them are not eighty
// independent samples of it. Of more than RoundGroups rounds, neighbours are put into
// RoundGroups groups, and their design effect counts. Ten groups estimate it poorly, and a
// run that stops on a small estimate would stop too early; so the design effect of the
// single rounds counts where it is larger.
func Dispersion(k, n []int64) (phi float64, df int) {
	groupK, groupN := GroupRounds(k, n)
	return max(DesignEffect(groupK, groupN), DesignEffect(k, n)), max(len(groupN)-1, 0)
}

// RoundGroups is the number of groups that the rounds of a point are put into where they
// are more. See Batches for the number and its sources.
const RoundGroups = 10

// GroupRounds adds up the counts of neighbours, so that RoundGroups groups of about as
// many rounds each remain. Rounds without attempts are left out.
func GroupRounds(k, n []int64) (groupK, groupN []int64) {
	var withK, withN []int64
	for i, size := range n {
		if size > 0 {
			withK, withN = append(withK, k[i]), append(withN, size)
		}
	}
	groups := min(len(withN), RoundGroups)
	for g := range groups {
		var sumK, sumN int64
		for i := g * len(withN) / groups; i < (g+1)*len(withN)/groups; i++ {
			sumK, sumN = sumK+withK[i], sumN+withN[i]
		}
		groupK, groupN = append(groupK, sumK), append(groupN, sumN)
	}
	return groupK, groupN
}

// LeastRounds is the smallest number of rounds that show how much rounds differ, and so
// the smallest with an interval.
const LeastRounds = 3

// The batches of a cell.
const (
	// maxBatches is the number of batches that the attempts of a cell are put into, and
	// leastBatches the number that must have attempts.
	maxBatches   = 10
	leastBatches = 8
	// leastBatch is the smallest mean number of attempts of a batch.
	leastBatch = 20
)

// Batches is Rounds for the attempts of a single cell. They are given in batches in
// the order in which they were started: batch i had k[i] successes in n[i] attempts.
// Neighbouring batches are joined until about ten remain, because the attempts of a
// short batch depend on those of the next. It reports false for fewer than
// eight batches, and for a cell with fewer than 200 attempts.
//
// TestBatchesHoldTheShareOfDependentAttempts compares numbers of batches. For attempts
// that depend on up to nine neighbours, ten batches of 20 or more hold the share in 90
// of 100 cells or more, 20 batches in 87, 30 in 85, and Wilson's interval of all
// attempts in 54. With 60 attempts ten batches hold it in 84. Dependence over more
// attempts than a batch has is not seen.
//
// The result describes the machine as it was during the cell. What changes between
// cells is in no batch, so rounds are preferable where there are several.
//
// Sources: A. M. Law and W. D. Kelton, "Simulation Modeling and Analysis", 3rd ed.
// (2000), section 9.5.3; B. Schmeiser, "Batch size effects in the analysis of
// simulation output", Operations Research 30 (1982) 556-568, on 10 to 30 batches;
// C. Alexopoulos and A. F. Seila, "Output data analysis", in J. Banks (ed.),
// "Handbook of Simulation" (1998), chapter 7.
func Batches(k, n []int64) (dispersion, effectiveN float64, ok bool) {
	k, n = joinBatches(k, n, maxBatches)
	var all int64
	for _, size := range n {
		all += size
	}
	if all < maxBatches*leastBatch {
		return 0, 0, false
	}
	return effective(k, n, leastBatches)
}

// joinBatches joins neighbours into at most the given number of batches of about
// equal size. It leaves out batches without attempts.
func joinBatches(k, n []int64, batches int) (joinedK, joinedN []int64) {
	var all int64
	for _, size := range n {
		all += max(size, 0)
	}
	var before int64
	last := -1
	for i, size := range n {
		if size <= 0 {
			continue
		}
		// The batch of the middle attempt of the part.
		at := int((2*before + size) * int64(batches) / (2 * all))
		if before += size; at != last {
			joinedK, joinedN = append(joinedK, 0), append(joinedN, 0)
			last = at
		}
		joinedK[len(joinedK)-1] += k[i]
		joinedN[len(joinedN)-1] += size
	}
	return joinedK, joinedN
}

// effective returns the dispersion and the effective number of attempts of clusters,
// see Rounds. It reports false with fewer clusters than least.
func effective(k, n []int64, least int) (dispersion, effectiveN float64, ok bool) {
	var all float64
	var clusters int
	for _, size := range n {
		if size > 0 {
			all += float64(size)
			clusters++
		}
	}
	if clusters < max(least, 2) {
		return 0, 0, false
	}
	dispersion = DesignEffect(k, n)
	return dispersion, EffectiveN(all, dispersion, clusters-1), true
}

// EffectiveN returns the number of independent attempts that n attempts are worth, of
// whose dispersion there is an estimate with df degrees of freedom: see Rounds. It is 0
// without one.
func EffectiveN(n, dispersion float64, df int) float64 {
	if df < 1 {
		return 0
	}
	t := student(0.975, df)
	return n / max(dispersion, 1) * (Z95 / t) * (Z95 / t)
}

// StudentFactor returns the square of the ratio of Student's t and of the normal quantile
// of a one-sided level alpha, 0 < alpha < 0.5; it is at least 1. A variance that is
// estimated with df degrees of freedom has to be multiplied by it where a normal quantile
// follows. It is infinite for a df below 1.
func StudentFactor(alpha float64, df int) float64 {
	if df < 1 {
		return math.Inf(1)
	}
	ratio := student(alpha, df) / distuv.UnitNormal.Quantile(alpha)
	return ratio * ratio
}

// student returns the p-quantile of Student's t distribution.
func student(p float64, df int) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(df)}.Quantile(p)
}

// DesignEffect returns the dispersion of Rounds, for any number of rounds. It is 1
// for fewer than two rounds with attempts, and where all attempts had the same result.
func DesignEffect(k, n []int64) float64 {
	var sumK, sumN, clusters float64
	for i, size := range n {
		if size > 0 {
			sumK, sumN = sumK+float64(min(max(k[i], 0), size)), sumN+float64(size)
			clusters++
		}
	}
	share := sumK / sumN
	if clusters < 2 || share == 0 || share == 1 {
		return 1
	}
	var squares float64
	for i, size := range n {
		if size > 0 {
			d := float64(min(max(k[i], 0), size)) - share*float64(size)
			squares += d * d
		}
	}
	// (clusters/(clusters-1) * squares / sumN^2) / (share*(1-share)/sumN)
	return clusters / (clusters - 1) * squares / (sumN * share * (1 - share))
}
