package results

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// correlated returns attempts that succeed where a normal AR(1) sequence is below a
// bound, each as a batch of one.
func correlated(rng *rand.Rand, n int, share, rho float64) (k, one []int64) {
	bound := distuv.UnitNormal.Quantile(share)
	k, one = make([]int64, n), make([]int64, n)
	x := rng.NormFloat64()
	for i := range k {
		if one[i] = 1; x < bound {
			k[i] = 1
		}
		x = rho*x + math.Sqrt(1-rho*rho)*rng.NormFloat64()
	}
	return k, one
}

// The number of batches and the fewest attempts come from here: run it with -v. The
// correlation of neighbours rho has a range of (1+rho)/(1-rho) attempts: 1, 3, 9 and 19.
func TestBatchesHoldTheShareOfDependentAttempts(t *testing.T) {
	const runs = 400
	t.Log(" rho    n share  of 100 intervals: hold the share, by number of batches (0 is Wilson on n): 0, 10, 15, 20, 30")
	for _, rho := range []float64{0, 0.5, 0.8, 0.9} {
		for _, n := range []int{60, 100, 200, 500} {
			for _, share := range []float64{0.1, 0.5, 0.98} {
				rng := rand.New(rand.NewPCG(uint64(100*rho), uint64(n)))
				batches := []int{0, 10, 15, 20, 30}
				held := make([]int, len(batches))
				for range runs {
					k, one := correlated(rng, n, share, rho)
					var sum float64
					for _, v := range k {
						sum += float64(v)
					}
					for j, b := range batches {
						e := float64(n)
						if b > 0 {
							joinedK, joinedN := joinBatches(k, one, b)
							_, e, _ = effective(joinedK, joinedN, 2)
						}
						if low, high := Wilson(sum/float64(n)*e, e, Z95); low <= share && share <= high {
							held[j]++
						}
					}
				}
				line := fmt.Sprintf("%4g %4d %5g", rho, n, share)
				for _, h := range held {
					line += fmt.Sprintf("%6.1f", float64(h)*100/runs)
				}
				t.Log(line)
				if coverage := float64(held[1]) / runs; coverage < 0.9 && n >= maxBatches*leastBatch && rho <= 0.8 {
					t.Errorf("ten batches hold the share in %.1f of 100: %s", coverage*100, line)
				}
			}
		}
	}
}

func TestJoinedBatchesKeepCountsAndAreOfAboutEqualSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SliceOfN(rapid.Int64Range(0, 5), 0, 300).Draw(t, "n")
		k := make([]int64, len(n))
		var sumK, sumN int64
		for i := range n {
			k[i] = rapid.Int64Range(0, n[i]).Draw(t, "k")
			sumK, sumN = sumK+k[i], sumN+n[i]
		}
		joinedK, joinedN := joinBatches(k, n, maxBatches)
		for i := range joinedN {
			if size := float64(joinedN[i]); size > float64(sumN)/maxBatches+5 || joinedK[i] > joinedN[i] {
				t.Fatalf("batch of %d in %d, of %d attempts", joinedK[i], joinedN[i], sumN)
			}
			sumK, sumN = sumK-joinedK[i], sumN-joinedN[i]
			// The bound above is of the whole.
			sumN += joinedN[i]
		}
		if sumK != 0 || len(joinedN) > maxBatches {
			t.Fatalf("%d successes missing, %d batches", sumK, len(joinedN))
		}
		dispersion, effectiveN, ok := Batches(k, n)
		if ok && (effectiveN > float64(sumN) || effectiveN <= 0 || dispersion < 0 || sumN < maxBatches*leastBatch) {
			t.Fatalf("dispersion %v, effective %v of %d", dispersion, effectiveN, sumN)
		}
	})
}

func TestASingleBatchOrAShortCellHasNoEffectiveN(t *testing.T) {
	for _, n := range [][]int64{nil, {1000}, {500, 500}, {10, 10, 10, 10, 10, 10, 10, 10, 10, 10}} {
		if _, _, ok := Batches(make([]int64, len(n)), n); ok {
			t.Errorf("%v has an effective number", n)
		}
	}
}

func TestEqualAttemptsHaveADispersionOf1(t *testing.T) {
	n := []int64{100, 100, 100, 100, 100}
	dispersion, effectiveN, ok := Rounds(n, n)
	// (1.960/2.776)^2 of 500
	if !ok || dispersion != 1 || math.Abs(effectiveN-249.2) > 0.1 {
		t.Errorf("dispersion %v, effective %v, %v", dispersion, effectiveN, ok)
	}
}
