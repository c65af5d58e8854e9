// Package table writes the points of a run as text, one line per point.
//
// Columns and the functions beside it choose the columns that have something to
// show, and Legend returns all of them with their meaning. Write aligns them and adds
// notes about what no figure includes. WriteScenarios writes the parts of scenarios.
// The report shows the same columns.
package table
