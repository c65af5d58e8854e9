// Package league compares independent servers under the same clients and conditions.
//
// New picks the points of a run that belong to such servers and ranks the servers
// over the conditions that all of them have in common. Findings states the results
// in sentences, with caveats. Page lays them out as tables, and Figure as a heat map.
package league
