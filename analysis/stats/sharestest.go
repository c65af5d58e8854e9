package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Stratum holds the counts of two runs in one round: K of N each. A K outside 0
// to N counts as the nearer end.
type Stratum struct {
	BaseK, BaseN int64
	NewK, NewN   int64
}

// clamped returns the stratum with each K within 0 and N, and each N at least 0.
func (s Stratum) clamped() Stratum {
	s.BaseN, s.NewN = max(s.BaseN, 0), max(s.NewN, 0)
	s.BaseK, s.NewK = min(max(s.BaseK, 0), s.BaseN), min(max(s.NewK, 0), s.NewN)
	return s
}

// oneSided reports whether a run has no attempt in the stratum, which then has no
// information on a difference.
func (s Stratum) oneSided() bool { return s.BaseN == 0 || s.NewN == 0 }

// pool adds up the strata in which both runs have attempts.
func pool(strata []Stratum) (sum Stratum) {
	for _, s := range strata {
		if s = s.clamped(); s.oneSided() {
			continue
		}
		sum.BaseK += s.BaseK
		sum.BaseN += s.BaseN
		sum.NewK += s.NewK
		sum.NewN += s.NewN
	}
	return sum
}

// SharesTest is a test of the hypothesis that two runs have the same share in
// every round.
type SharesTest struct {
	Method string // the name of the test that was used: Cochran-Mantel-Haenszel or Fisher
	// P is its two-sided p-value.
	P float64
	// Smallest is the smallest p-value that counts with these margins can have; 1
	// where all attempts had the same result.
	Smallest float64
	// ChiSquare is the Cochran-Mantel-Haenszel statistic, whichever test was
	// used; 0 where all attempts had the same result.
	ChiSquare float64
}

// mantelFleiss is the least distance from the bounds at which the chi-square
// approximation holds.
const mantelFleiss = 5

// NewSharesTest runs the Cochran-Mantel-Haenszel test, stratified by round. It
// applies no continuity correction, which would make the test as conservative as
// Fisher's. Where a correction is needed, it runs Fisher's test on the pooled table
// of all rounds that both runs have instead: where the sum of the expected counts is less than 5 away
// from one of the bounds that the margins allow (Mantel and Fleiss).
//
// Sources: W. G. Cochran, "Some methods for strengthening the common chi-square
// tests", Biometrics 10 (1954) 417-451; N. Mantel and W. Haenszel, "Statistical
// aspects of the analysis of data from retrospective studies of disease", JNCI
// 22 (1959) 719-748; N. Mantel and J. L. Fleiss, "Minimum expected cell size
// requirements for the Mantel-Haenszel one-degree-of-freedom chi-square test and
// a related rapid procedure", American Journal of Epidemiology 112 (1980)
// 129-134; R. A. Fisher, "Statistical Methods for Research Workers" (1925).
func NewSharesTest(strata []Stratum) SharesTest {
	var observed, expected, low, high, variance float64
	for _, s := range strata {
		if s = s.clamped(); s.oneSided() {
			continue
		}
		k, n := s.BaseK+s.NewK, s.BaseN+s.NewN
		share := float64(k) / float64(n)
		observed += float64(s.NewK)
		expected += float64(s.NewN) * share
		low += float64(max(0, k-s.BaseN))
		high += float64(min(k, s.NewN))
		variance += float64(s.NewN) * float64(s.BaseN) / float64(n-1) * share * (1 - share)
	}
	t := SharesTest{Method: "Cochran-Mantel-Haenszel", P: 1, Smallest: 1}
	if variance == 0 {
		return t
	}
	chi := func(value float64) float64 { return (value - expected) * (value - expected) / variance }
	t.ChiSquare = chi(observed)
	if min(expected-low, high-expected) < mantelFleiss {
		t.Method = "Fisher"
		t.P, t.Smallest = fisher(pool(strata))
		return t
	}
	one := distuv.ChiSquared{K: 1}
	t.P = one.Survival(t.ChiSquare)
	t.Smallest = one.Survival(max(chi(low), chi(high)))
	return t
}

// fisher returns the p-value of Fisher's exact test, two-sided by the probability
// of the tables, and the smallest p-value of any table with the same margins.
func fisher(s Stratum) (p, smallest float64) {
	k, n := s.BaseK+s.NewK, s.BaseN+s.NewN
	low, high := max(0, k-s.BaseN), min(k, s.NewN)
	all := logChoose(n, k)
	table := func(x int64) float64 {
		return math.Exp(logChoose(s.NewN, x) + logChoose(s.BaseN, k-x) - all)
	}
	// Equally probable tables may differ in their last bits.
	const slack = 1 + 1e-7
	observed, extreme := table(s.NewK), min(table(low), table(high))
	for x := low; x <= high; x++ {
		if q := table(x); q <= observed*slack {
			p += q
		}
	}
	for x := low; x <= high; x++ {
		if q := table(x); q <= extreme*slack {
			smallest += q
		}
	}
	return min(p, 1), min(smallest, 1)
}
