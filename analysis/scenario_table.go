package analysis

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// ScenarioTable writes a line a part: the scenario with its verdict, what the part
// shows, the delivered share with its interval and n, and what became of the rest.
// It writes nothing for a run of a grid.
func ScenarioTable(w io.Writer, study *Study) error {
	judged := Scenarios(study)
	if len(judged) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "scenario\tverdict\tpart\tshows\tdelivered %\t95% interval\tn\tlost as %")
	for _, r := range judged {
		name, verdict := r.Name, r.Heading()
		for _, p := range r.Parts {
			share, limits, n, rest := partCells(p)
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, verdict, p.Name, p.Shows, share, limits, n, rest)
			name, verdict = "", ""
		}
	}
	return t.Flush()
}

// partCells are a part's figures; what is not known is a dash, with the reason in
// the last one.
func partCells(p ScenarioPartResult) (share, limits, n, rest string) {
	if !p.Known() {
		return none, none, none, p.Missing()
	}
	d := p.Delivered()
	value, _, _ := bounds(d)
	return value, interval(d), strconv.FormatInt(d.N, 10), lossCell(p.Summary)
}
