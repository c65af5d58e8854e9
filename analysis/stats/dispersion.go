package stats

import (
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/rejectbench/rejectbench/results"
)

// Dispersion states how much more the rounds of a run differ than independent
// attempts would. Attempts of one cell share the history of a congestion window,
// a scheduler and a slow minute, so they carry less information than as many
// independent attempts. The zero value is an unknown dispersion.
type Dispersion struct {
	// Phi is Pearson's statistic divided by its degrees of freedom: 1 for
	// independent attempts, above 1 where the attempts of a round are correlated.
	// It has no meaning where DF is 0.
	Phi float64
	// DF is the number of degrees of freedom behind Phi. It is 0 where Phi cannot
	// be estimated: with one round alone.
	DF int
}

// NewDispersion estimates the dispersion of two runs from the heterogeneity
// between the rounds within each run, of which neighbours are joined where they are many
// (results.JoinRounds). A run whose attempts all had the same result counts as
// independent attempts, with a Phi of 1.
//
// Source: P. McCullagh and J. A. Nelder, "Generalized Linear Models", 2nd ed.
// (1989), section 4.5.
func NewDispersion(strata []Stratum) Dispersion {
	x1, df1 := joinedHeterogeneity(strata, func(s Stratum) (k, n int64) { return s.BaseK, s.BaseN })
	x2, df2 := joinedHeterogeneity(strata, func(s Stratum) (k, n int64) { return s.NewK, s.NewN })
	if df1+df2 == 0 {
		return Dispersion{}
	}
	return Dispersion{Phi: (x1 + x2) / float64(df1+df2), DF: df1 + df2}
}

// joinedHeterogeneity is Heterogeneity of rounds that count as independent.
func joinedHeterogeneity(strata []Stratum, counts func(Stratum) (k, n int64)) (chi float64, df int) {
	k, n := make([]int64, len(strata)), make([]int64, len(strata))
	for i, s := range strata {
		k[i], n[i] = counts(s)
	}
	k, n = results.JoinRounds(k, n)
	joined := make([]Stratum, len(n))
	for i := range n {
		joined[i] = Stratum{BaseK: k[i], BaseN: n[i]}
	}
	return Heterogeneity(joined, func(s Stratum) (k, n float64) { return float64(s.BaseK), float64(s.BaseN) })
}

// Heterogeneity returns Pearson's statistic of the rounds of one run, with its
// degrees of freedom.
func Heterogeneity(strata []Stratum, counts func(Stratum) (k, n float64)) (chi float64, df int) {
	var sumK, sumN float64
	df = -1
	for _, s := range strata {
		k, n := counts(s)
		sumK, sumN = sumK+k, sumN+n
		if n > 0 {
			df++
		}
	}
	df = max(df, 0)
	p := sumK / sumN
	if df == 0 || p == 0 || p == 1 {
		return float64(df), df
	}
	for _, s := range strata {
		if k, n := counts(s); n > 0 {
			chi += (k - n*p) * (k - n*p) / (n * p * (1 - p))
		}
	}
	return chi, df
}

// RoundsDispersion returns the dispersion of the rounds of one point, of which round i
// had k[i] successes in n[i] attempts: its design effect, see results.Rounds. It is
// unknown for fewer than two rounds with attempts, and where all attempts had the same
// result.
func RoundsDispersion(k, n []int64) Dispersion {
	k, n = results.JoinRounds(k, n)
	var sumK, sumN int64
	df := -1
	for i := range n {
		if n[i] > 0 {
			sumK, sumN, df = sumK+min(k[i], n[i]), sumN+n[i], df+1
		}
	}
	if df < 1 || sumK == 0 || sumK == sumN {
		return Dispersion{}
	}
	return Dispersion{Phi: results.DesignEffect(k, n), DF: df}
}

// MeanDispersion returns the mean of the dispersions of several points, weighted by
// their degrees of freedom, which are added. Unknown ones do not count.
func MeanDispersion(of []Dispersion) (mean Dispersion) {
	for _, d := range of {
		mean.Phi += d.Phi * float64(d.DF)
		mean.DF += d.DF
	}
	if mean.DF > 0 {
		mean.Phi /= float64(mean.DF)
	}
	return mean
}

// Factor returns the divisor that turns counts into those of independent
// attempts. It is at least 1: rounds that agree too well do so by chance.
func (d Dispersion) Factor() float64 {
	if d.DF == 0 {
		return 1
	}
	return max(d.Phi, 1)
}

// PValue returns the p-value of a chi-square statistic of one degree of freedom,
// divided by the dispersion, by the F distribution. It exceeds the p-value of the
// chi-square distribution: for a dispersion above 1, and for the few rounds behind
// the estimate. It is 0 where the dispersion is unknown.
func (d Dispersion) PValue(chi float64) float64 {
	if d.DF == 0 {
		return 0
	}
	return distuv.F{D1: 1, D2: float64(d.DF)}.Survival(chi / d.Factor())
}

// Quantile returns the two-sided quantile of level alpha: of Student's t distribution,
// because the dispersion is an estimate, also where it counts as 1. It is that of the
// normal distribution where the dispersion is unknown.
func (d Dispersion) Quantile(alpha float64) float64 {
	if d.DF == 0 {
		return NormalQuantile(1 - alpha/2)
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(d.DF)}.Quantile(1 - alpha/2)
}

// Effective returns the number of independent attempts that n attempts are worth.
func (d Dispersion) Effective(n int64) float64 { return float64(n) / d.Factor() }
