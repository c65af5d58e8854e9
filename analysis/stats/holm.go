package stats

import (
	"cmp"
	"slices"
)

// Test is one test of a family.
type Test struct {
	P float64
	// Smallest is the smallest p-value it could have had, by what was fixed before
	// anything was seen: the margins of a table, the number of rounds.
	Smallest float64
}

// Adjusted is a test's p-value in its family.
type Adjusted struct {
	P float64
	// Tests is the number of tests that the p-value was corrected for.
	Tests int
	// Possible tells whether the test could be called at all in this family. A
	// test that could not has a P of 1, and weakened no other.
	Possible bool
}

// Adjust keeps the probability of any false call in a family of tests at or
// below alpha, whatever the tests have to do with one another: by Holm's
// step-down procedure, in each step of which the tests that could not be
// called, even at their smallest p-value, are left out as Tarone does. With
// tests that can have any p-value it is Holm's procedure exactly.
//
// A step corrects for K tests: the smallest K such that no more than K of the
// tests left can reach alpha/K. Tests go one by one, the smallest p-value first,
// each with K times its own or the one before, if that is larger; K never grows
// as tests go, which is what a step-down procedure needs (Goeman and Solari).
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
	floor := 0.0 // an adjusted p-value is never below the one before it
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

// tarone is the smallest k such that at most k of the tests left can reach alpha/k.
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
