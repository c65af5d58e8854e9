package compare

import (
	"fmt"
	"io"

	"github.com/rejectbench/rejectbench/analysis/internal/junit"
)

// WriteJUnit writes the gated rows as JUnit XML: a case per metric and point. A row that
// is worse is a failure, and an unmeasurable one is an error.
func (c *Comparison) WriteJUnit(w io.Writer) error {
	var cases []junit.Case
	for _, r := range c.Rows {
		if !r.Gated {
			continue
		}
		outcome := map[Verdict]junit.Outcome{Worse: junit.Failed, Unmeasurable: junit.Error}[r.Verdict]
		message := r.Verdict.String()
		if r.Reason != "" {
			message += ": " + r.Reason
		}
		var details string
		if r.Test != "" {
			estimate, interval := r.difference()
			details = fmt.Sprintf("base %s, new %s, change %s, interval %s, p %s, n %s", r.figure(r.Base), r.figure(r.New), estimate, interval, r.pValue(), r.samples())
		}
		cases = append(cases, junit.Case{Group: r.Metric.Name, Name: r.Point.String(), Outcome: outcome, Message: message, Details: details})
	}
	return junit.Write(w, "rejectbench.compare", cases)
}
