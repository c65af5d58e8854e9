package findings

import (
	"fmt"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
	"github.com/rejectbench/rejectbench/results"
)

// findScenarios says of each scenario what became of its report.
func findScenarios(study *analysis.Study) []string {
	var found []string
	for _, r := range reproduce.Judge(study) {
		var parts []string
		for _, p := range r.Parts {
			name := p.Name + " (" + p.Shows + ")"
			if !p.Known() {
				parts = append(parts, name+" has no figure, "+p.Missing())
				continue
			}
			text := name + " " + words.Share(p.Delivered())
			if p.Shows == results.RoleFixed && p.Lost().K == 0 {
				_, _, high := words.Bounds(p.Lost())
				text += ", so that at most " + high + "% are lost"
			}
			parts = append(parts, text)
		}
		verdict := r.Heading()
		if r.Why != "" && r.Verdict != reproduce.Undecided {
			verdict += " (" + r.Why + ")"
		}
		found = append(found, fmt.Sprintf("Scenario %s is %s. Answers that arrived: %s.", r.Name, verdict, strings.Join(parts, "; ")))
	}
	return found
}
