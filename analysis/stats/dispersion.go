package stats

import (
	"gonum.org/v1/gonum/stat/distuv"
)

// Dispersion says how much more the rounds of a run differ than independent
// attempts would. Attempts of a cell share a congestion window's history, a
// scheduler and a slow minute, so they are fewer samples than they count.
type Dispersion struct {
	// Phi is Pearson's statistic over its degrees of freedom: 1 for independent
	// attempts, more where attempts of a round go together. 0 says nothing where
	// DF is 0.
	Phi float64
	// DF is the number of degrees of freedom that Phi was estimated with; 0 where
	// it cannot be, with one round alone.
	DF int
}

// NewDispersion estimates the dispersion of two runs from the heterogeneity
// between the rounds within each. A run in which every attempt ended the same
// way counts as independent attempts would, with a Phi of 1: it cannot say more.
//
// Source: P. McCullagh and J. A. Nelder, "Generalized Linear Models", 2nd ed.
// (1989), section 4.5.
func NewDispersion(strata []Stratum) Dispersion {
	base := func(s Stratum) (k, n float64) { return float64(s.BaseK), float64(s.BaseN) }
	new := func(s Stratum) (k, n float64) { return float64(s.NewK), float64(s.NewN) }
	x1, df1 := Heterogeneity(strata, base)
	x2, df2 := Heterogeneity(strata, new)
	if df1+df2 == 0 {
		return Dispersion{}
	}
	return Dispersion{Phi: (x1 + x2) / float64(df1+df2), DF: df1 + df2}
}

// Heterogeneity is Pearson's statistic of the rounds of one run.
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

// Factor is what counts are divided by to be those of independent attempts:
// never less than 1, as rounds that agree too well are luck.
func (d Dispersion) Factor() float64 {
	if d.DF == 0 {
		return 1
	}
	return max(d.Phi, 1)
}

// PValue is the p-value of a chi-square of one degree of freedom over the
// dispersion, by the F distribution: what the chi-square distribution gives, made
// larger for a dispersion above 1 and for the few rounds it was estimated from. It
// is 0 where there is no dispersion to set against it.
func (d Dispersion) PValue(chi float64) float64 {
	if d.DF == 0 {
		return 0
	}
	return distuv.F{D1: 1, D2: float64(d.DF)}.Survival(chi / d.Factor())
}

// Quantile is the two-sided quantile of a level alpha: Student's where counts
// were divided by the dispersion, else the normal distribution's.
func (d Dispersion) Quantile(alpha float64) float64 {
	if d.Factor() > 1 {
		return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(d.DF)}.Quantile(1 - alpha/2)
	}
	return distuv.UnitNormal.Quantile(1 - alpha/2)
}

// Effective is a number of attempts as so many independent ones.
func (d Dispersion) Effective(n int64) float64 { return float64(n) / d.Factor() }
