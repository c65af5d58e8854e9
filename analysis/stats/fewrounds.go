package stats

import "math"

// RoundCorrelation is the intraclass correlation that is assumed of the attempts of one
// round where fewer than results.LeastRounds show it. The true share of a round then has
// a standard deviation of 25 percentage points around a long-run share of 50%, and no
// number of attempts of a round is worth more than 1/RoundCorrelation = 4 independent ones.
//
// It is the worst spread that was measured, rounded up: 25 rounds of 100 attempts of 50
// clients that started together had shares from 8% to 98%. Their variance was 21.9
// times binomial, a correlation of (21.9 - 1) / (100 - 1) = 0.21. Attempts that start
// independently of each other had 0.8 to 3 times the binomial variance.
const RoundCorrelation = 0.25

// mostFewRounds bounds the attempts of a round in the calculations of this file. More of
// them change nothing: the spread of rounds outweighs that of their attempts.
const mostFewRounds = 1000

// FewRoundsTest tests whether two runs of one or two rounds have the same share. P is
// the probability of a difference of at least that between baseK/baseN and newK/newN,
// whatever the share is: the rounds of a run count as one, whose attempts have
// RoundCorrelation. They follow a beta-binomial distribution, and large differences are
// most probable at a share of 1/2. smallest is the P of the largest difference that the
// sum of the two shares allows. Without attempts in both runs both are 1.
//
// 100% against 0% has a P below 0.01 from 9 attempts of each run. Of 100 attempts,
// 100% against 0% has 0.00001, against 20% 0.016, and against 50% 0.18.
//
// Source: J. G. Skellam, "A probability distribution derived from the binomial
// distribution by regarding the probability of success as variable between the sets of
// trials", Journal of the Royal Statistical Society B 10 (1948) 257-261.
func FewRoundsTest(baseK, baseN, newK, newN int64) (p, smallest float64) {
	if baseN <= 0 || newN <= 0 {
		return 1, 1
	}
	base, new := float64(baseK)/float64(baseN), float64(newK)/float64(newN)
	first := betaBinomial(min(baseN, mostFewRounds), 0.5, RoundCorrelation)
	second := betaBinomial(min(newN, mostFewRounds), 0.5, RoundCorrelation)
	sum := base + new
	return differenceTail(first, second, math.Abs(new-base)), differenceTail(first, second, min(sum, 2-sum))
}

// FewRoundsTail returns the probability of at most k of n attempts of a single round,
// which have RoundCorrelation and the long-run share p.
func FewRoundsTail(k, n int64, p float64) float64 {
	switch {
	case k >= n || p <= 0:
		return 1
	case k < 0 || p >= 1:
		return 0
	}
	if n > mostFewRounds {
		k, n = int64(float64(k)*mostFewRounds/float64(n)), mostFewRounds
	}
	var sum float64
	for _, chance := range betaBinomial(n, p, RoundCorrelation)[:k+1] {
		sum += chance
	}
	return min(sum, 1)
}

// betaBinomial returns the probability of each number of successes in n attempts whose
// intraclass correlation is above 0, at a share within 0 and 1.
func betaBinomial(n int64, share, correlation float64) []float64 {
	sum := 1/correlation - 1
	a, b := share*sum, (1-share)*sum
	logGamma := func(x float64) float64 { v, _ := math.Lgamma(x); return v }
	scale := logGamma(sum) - logGamma(a) - logGamma(b) - logGamma(float64(n)+sum)
	chances := make([]float64, n+1)
	for k := range chances {
		x := float64(k)
		chances[k] = math.Exp(scale + logChoose(n, int64(k)) + logGamma(x+a) + logGamma(float64(n)-x+b))
	}
	return chances
}

// differenceTail returns the probability that two shares differ by at least d, from the
// probabilities of their counts. The two distributions are symmetric.
func differenceTail(first, second []float64, d float64) float64 {
	if d <= 0 {
		return 1
	}
	n1, n2 := float64(len(first)-1), float64(len(second)-1)
	var tail, below float64
	next := 0 // the second's counts below it are those that are low enough
	for i, chance := range first {
		for next < len(second) && float64(next)/n2 <= float64(i)/n1-d+1e-12 {
			below += second[next]
			next++
		}
		tail += chance * below
	}
	return min(2*tail, 1)
}
