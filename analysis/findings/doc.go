// Package findings states in sentences what a run shows.
//
// Of takes a study in three steps: the verdicts on its scenarios, the sentences on
// its league if the run has one, and the sentences on the other points of the grid.
// These go from delivery over its causes and costs to noise and validity.
package findings
