package stats

import (
	"cmp"
	"slices"
)

// Test is one test of a family of tests.
type Test struct {
	P float64
	// Smallest is the smallest p-value that the test could have had, given what was
	// fixed before the data: the margins of a table, the number of rounds.
	Smallest float64
}

// Adjusted is the result of a test within its family.
type Adjusted struct {
	P float64 // adjusted for multiple testing
	// Tests is the number of tests that P is corrected for.
	Tests int
	// Possible reports whether the test could be significant at all in this family.
	// A test that could not be has a P of 1 and weakens no other test.
	Possible bool
}

// Adjust adjusts the p-values of a family of tests. The probability of any false
// rejection in the family is at most alpha, however the tests depend on one
// another. It is Holm's step-down procedure with Tarone's exclusion: each step
// leaves out the tests that could not be significant even at their smallest
// p-value. For tests that can have any p-value it is exactly Holm's procedure.
//
// A step corrects for K tests: the smallest K such that at most K of the
// remaining tests can reach alpha/K. Tests are taken one by one, the smallest
// p-value first. The adjusted p-value is K times the test's own, or that of the
// test before if that is larger. K never increases from step to step, as a
// step-down procedure requires (Goeman and Solari).
//
// Sources: S. Holm, "A simple sequentially rejective multiple test procedure",
// Scandinavian Journal of Statistics 6 (1979) 65-70; R. E. Tarone, "A modified
// Bonferroni method for discrete data", Biometrics 46 (1990) 515-522; J. J.
// Goeman and A. Solari, "The sequential rejection principle of familywise error
// control", Annals of Statistics 38 (2010) 3782-3810.
func Adjust(tests []Test, alpha float64) []Adjusted {
	adjusted := make([]Adjusted, len(tests))
	left := make([]int, len(tests))
	for i := range left {
		left[i] = i
	}
	slices.SortStableFunc(left, func(a, b int) int { return cmp.Compare(tests[a].P, tests[b].P) })
	floor := 0.0 // adjusted p-values never decrease
	for len(left) > 0 {
		k := tarone(tests, left, alpha)
		first := slices.IndexFunc(left, func(i int) bool { return tests[i].Smallest <= alpha/float64(k) })
		if first < 0 {
			for _, i := range left {
				adjusted[i] = Adjusted{P: 1, Tests: k}
			}
			break
		}
		i := left[first]
		floor = max(floor, min(tests[i].P*float64(k), 1))
		adjusted[i] = Adjusted{P: floor, Tests: k, Possible: true}
		left = slices.Delete(left, first, first+1)
	}
	return adjusted
}

// tarone returns the smallest k such that at most k of the remaining tests can reach alpha/k.
func tarone(tests []Test, left []int, alpha float64) int {
	for k := 1; ; k++ {
		reach := 0
		for _, i := range left {
			if tests[i].Smallest <= alpha/float64(k) {
				reach++
			}
		}
		if reach <= k {
			return k
		}
	}
}
