package findings

import (
	"fmt"
	"strings"

	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
	"github.com/rejectbench/rejectbench/results"
)

// findScenarios gives the verdict on each scenario, with the shares of its parts.
func findScenarios(judged []reproduce.Result) []string {
	var found []string
	for _, r := range judged {
		var parts []string
		missing := false // and said so of the part
		for _, p := range r.Parts {
			name := p.Name + " (" + p.Shows + ")"
			if !p.Known() {
				missing = true
				parts = append(parts, name+" no figure, "+p.Missing())
				continue
			}
			text := name + " " + words.Share(p.Delivered())
			if p.Shows == results.RoleFixed && p.Lost().K == 0 && p.Lost().HasInterval() {
				_, _, high := words.Bounds(p.Lost())
				text += ", so at most " + high + "% are lost"
			}
			parts = append(parts, text)
		}
		verdict := r.Heading()
		if r.Why != "" && (!missing || r.Verdict != reproduce.Undecided) {
			verdict += " (" + r.Why + ")"
		}
		found = append(found, fmt.Sprintf("Scenario %s is %s. Delivered shares: %s.", r.Name, verdict, strings.Join(parts, "; ")))
	}
	return found
}
