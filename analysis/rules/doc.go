// Package rules checks a run against claims about its points, such as
// "delivered_share >= 99% where body > 0".
//
// Load reads rules from YAML. Check groups the cells of a run by point, matches
// each rule with its points, and decides every pair. Overall combines the
// verdicts. Print writes them.
package rules
