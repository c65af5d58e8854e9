package stats

import (
	"math"

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

// NewDispersion estimates the dispersion of two runs from the heterogeneity between the
// rounds within each run, of which neighbours are put into groups where they are many
// (results.Dispersion). A run whose attempts all had the same result counts as independent
// attempts, with a Phi of 1.
//
// Of runs of about as many attempts the estimate is the mean over the degrees of freedom.
// Otherwise the shorter run counts more, because the variance of a difference is mostly
// its own: Phi is then what makes the variance of the difference right, and DF is
// Satterthwaite's.
//
// Sources: P. McCullagh and J. A. Nelder, "Generalized Linear Models", 2nd ed. (1989),
// section 4.5; F. E. Satterthwaite, "An approximate distribution of estimates of variance
// components", Biometrics Bulletin 2 (1946) 110-114.
func NewDispersion(strata []Stratum) Dispersion {
	base, baseN := heterogeneous(strata, func(s Stratum) (k, n int64) { return s.BaseK, s.BaseN })
	new, newN := heterogeneous(strata, func(s Stratum) (k, n int64) { return s.NewK, s.NewN })
	switch df := base.DF + new.DF; {
	case df == 0:
		return Dispersion{}
	case base.DF == 0 || new.DF == 0 || math.Abs(baseN-newN) <= balanced*(baseN+newN) || base.Phi+new.Phi == 0:
		return Dispersion{Phi: (base.Phi*float64(base.DF) + new.Phi*float64(new.DF)) / float64(df), DF: df}
	}
	u, v := base.Phi/baseN, new.Phi/newN
	df := (u + v) * (u + v) / (u*u/float64(base.DF) + v*v/float64(new.DF))
	return Dispersion{Phi: (u + v) / (1/baseN + 1/newN), DF: max(int(df), 1)}
}

// balanced is how far the attempts of two runs may differ, as a share of all, to count as
// equally many.
const balanced = 0.2

// heterogeneous returns the dispersion of one run, and its attempts.
func heterogeneous(strata []Stratum, counts func(Stratum) (k, n int64)) (d Dispersion, attempts float64) {
	var k, n []int64
	for _, s := range strata {
		part, size := counts(s)
		k, n = append(k, part), append(n, size)
		attempts += float64(size)
	}
	groupK, groupN := results.GroupRounds(k, n)
	chi, df := Heterogeneity(groupK, groupN)
	if df == 0 {
		return Dispersion{}, attempts
	}
	d = Dispersion{Phi: chi / float64(df), DF: df}
	if chi, df := Heterogeneity(k, n); chi/float64(df) > d.Phi {
		d.Phi = chi / float64(df)
	}
	return d, attempts
}

// Heterogeneity returns Pearson's statistic of rounds, of which round i had k[i] successes
// in n[i] attempts, with its degrees of freedom.
func Heterogeneity(k, n []int64) (chi float64, df int) {
	var sumK, sumN float64
	df = -1
	for i := range n {
		if n[i] > 0 {
			sumK, sumN, df = sumK+float64(k[i]), sumN+float64(n[i]), df+1
		}
	}
	df = max(df, 0)
	p := sumK / sumN
	if df == 0 || p == 0 || p == 1 {
		return float64(df), df
	}
	for i := range n {
		if size := float64(n[i]); size > 0 {
			d := float64(k[i]) - size*p
			chi += d * d / (size * p * (1 - p))
		}
	}
	return chi, df
}

// RoundsDispersion returns the dispersion of the rounds of one point, of which round i
// had k[i] successes in n[i] attempts: its design effect, see results.Dispersion. It is
// unknown for fewer than two rounds with attempts, and where all attempts had the same
// result.
func RoundsDispersion(k, n []int64) Dispersion {
	var sumK, sumN int64
	for i := range n {
		if n[i] > 0 {
			sumK, sumN = sumK+min(k[i], n[i]), sumN+n[i]
		}
	}
	phi, df := results.Dispersion(k, n)
	if df == 0 || sumK == 0 || sumK == sumN {
		return Dispersion{}
	}
	return Dispersion{Phi: phi, DF: df}
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
