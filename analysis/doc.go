// Package analysis holds what all packages below it analyse: a run's cells grouped
// by point, and their summaries. It measures nothing and opens no socket; it is a
// pure function of what package results reads.
//
// Data passes through it in this order:
//
//  1. Group sorts cells by point and round, and selects the cells that count.
//  2. NewStudy adds the cells of each point: counts, shares with their intervals
//     (package stats), latency distributions, costs.
//  3. Study is a run with its summaries. SameConditions, Rank and Pool select and
//     combine summaries.
//  4. Metric names a figure of a cell, for comparisons and rules. Noise measures how
//     far it differs between cells of equal conditions.
//
// Three rules hold in all packages. A share is shown with its 95% interval and its n.
// A cell whose conditions failed is named with its reason and is in no average. No
// statement goes beyond what the intervals support.
package analysis
