// Package analysis turns recorded runs into tables, findings, plots and a
// report. Everything in it is a pure function of what package results reads
// back: it measures nothing and opens no socket.
//
// Data passes through it in this order: cells are grouped by grid point and
// merged over the rounds (Summarize), a share gets its Wilson interval
// (NewShare), and the summaries are shown: as text (Table), as sentences
// (Findings), as plots (Plots) and as one self-contained page (Report), which
// shows drawings of single connections beside them where a run has any.
//
// Three rules hold throughout. A share is shown with its 95% interval and its
// n. A cell whose own conditions failed is named with its reason and never
// averaged in. And nothing is said that the intervals do not support.
package analysis
