// Package table writes the points of a run as text, a line a point.
//
// Columns and the functions beside it choose the columns that have something to
// show. Write aligns them and adds notes about what no figure includes.
// WriteScenarios writes the parts of scenarios. The report shows the same columns.
package table
