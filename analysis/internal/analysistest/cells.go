// Package analysistest makes up cells and runs for the tests of the analysis packages,
// and compares output with golden files.
package analysistest

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/rejectbench/rejectbench/results"
)

// DrawBinomial draws the number of successes in n trials of probability p.
func DrawBinomial(rng *rand.Rand, n int64, p float64) int64 {
	return int64(distuv.Binomial{N: float64(n), P: p, Src: rng}.Rand())
}

// DrawDispersed is DrawBinomial with the dispersion phi, 1 or above: it draws from a
// beta-binomial distribution.
func DrawDispersed(rng *rand.Rand, n int64, p, phi float64) int64 {
	if phi > 1 {
		correlation := (phi - 1) / float64(n-1)
		p = distuv.Beta{Alpha: p * (1/correlation - 1), Beta: (1 - p) * (1/correlation - 1), Src: rng}.Rand()
	}
	return DrawBinomial(rng, n, p)
}

// CellOf returns a valid cell with n rejections, k of them delivered.
func CellOf(strategy, client string, rtt float64, body, k, n int64) results.Cell {
	c := results.Cell{Point: results.Point{Strategy: strategy, Client: client, RTTMs: rtt, BodyBytes: body, Concurrency: 10}, Valid: true}
	c.Attempts, c.Rejected, c.Delivered = n, n, k
	c.Outcomes[results.Delivered], c.Outcomes[results.ResetSend] = k, n-k
	c.TCP = map[string]int64{results.AbortOnClose: n - k, results.AbortOnData: 0}
	c.Server = results.Server{Rejected: n, HoldMs: results.Percentiles{Count: n, Mean: 10, P99: 12}}
	return c
}

// Repeated returns cells as measured in several rounds with the same result.
func Repeated(cells []results.Cell, rounds int) []results.Cell {
	var all []results.Cell
	for round := range rounds {
		for _, c := range cells {
			c.Round = round
			all = append(all, c)
		}
	}
	return all
}

// Half returns one half of an A/A pair in one round, with the median time to the end
// in milliseconds.
func Half(twin bool, round int, k, n int64, end float64) results.Cell {
	c := CellOf("close", "blocking", 50, 0, k, n)
	c.Twin, c.Round = twin, round
	c.LatencyMs.End = results.Percentiles{Count: n, P50: end}
	return c
}

// WireOf returns a valid cell whose answers had the given fates.
func WireOf(strategy, client string, fates map[results.Fate]int64) results.Cell {
	var n int64
	w := &results.Wire{Resets: map[string]int64{}, Fates: map[string]int64{}, FateOutcomes: map[string]map[string]int64{}}
	for fate, k := range fates {
		w.Fates[fate.String()] = k
		n += k
	}
	w.Connections, w.Rejections = n, n
	w.Agreement = results.WireAgreement{Wire: n, Fleet: n, Server: n, Agreed: n}
	c := CellOf(strategy, client, 50, 1<<20, fates[results.Read], n)
	c.Wire = w
	return c
}
