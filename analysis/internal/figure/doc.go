// Package figure draws figures of small panels as SVG and PNG, in one style for
// all plots of rejectbench. The packages above it decide what a figure shows.
//
// A panel is a gonum plot (NewPanel) to which plotters of this package are added:
// Series, Scatter, Bars, Bands, Gridlines, Note. Looks gives each strategy the same
// colour, dash and glyph in every figure of a run. Figure lays panels out under a
// title, above a legend and notes, and renders them; the same figure gives the same
// bytes.
package figure
