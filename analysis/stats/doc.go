// Package stats holds the statistics that verdicts rest on: intervals and tests
// for shares (k of n attempts), and tests for values (one per round). It knows
// counts and values, and nothing of cells or points.
//
// Data passes through it in this order:
//
//  1. A share gets its interval: NewShare, Wilson; Mix for a weighted mean of shares.
//  2. Two shares are compared: NewSharesTest for the p-value, Newcombe for the
//     interval of the difference. NewDispersion widens both where the rounds
//     differ more than independent attempts would.
//  3. Two sets of values are compared: NewRatioTest.
//  4. The p-values of all tests are adjusted together: Adjust.
//  5. What remains open gets a size: WidthSize, SampleSize, RoundsFor.
//
// gonum has the distributions except for the binomial one, golang.org/x/perf has the
// Mann-Whitney test.
package stats
