// Package stats holds the statistics that verdicts rest on: intervals and tests
// for shares (k of n attempts), and tests for values (one per round). It knows
// counts and values, and nothing of cells or points.
//
// Data passes through it in this order:
//
//  1. A share gets its interval: NewShareOfRounds, Wilson; Mix for a weighted mean of shares;
//     ClopperPearsonLow and ClopperPearsonHigh for an exact bound.
//  2. Two shares are compared: NewSharesTest for the p-value, Newcombe for the
//     interval of the difference. NewDispersion widens both where the rounds
//     differ more than independent attempts would.
//  3. Two sets of values are compared: NewRatioTest.
//  4. The p-values of all tests are adjusted together: Adjust.
//  5. What remains open gets a size: WidthSize, SampleSize, RoundsFor.
//
// The distributions are gonum's, except for the binomial one (see Binomial). The
// Mann-Whitney test is that of golang.org/x/perf.
package stats
