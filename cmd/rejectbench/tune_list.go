package main

import (
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
)

// directiveTerms lists what other servers call the settings that `tune` finds.
func directiveTerms() []results.Term {
	return terms(targets.Directives, func(d targets.Directive) (string, string) {
		summary := d.Server + ": "
		switch {
		case d.Settable():
			summary += d.Name + ", default " + d.Default
		case d.Name != "":
			summary += d.Name + " " + d.Default
		default:
			summary += "none"
		}
		if d.Note != "" {
			summary += "; " + d.Note
		}
		if d.Settable() {
			source := d.Steps().Source
			if text := d.StepsText(); text != "" {
				source = text + " (" + source + ")"
			}
			return d.Setting, summary + ". " + d.Source + ". Values: " + source
		}
		return d.Setting, summary + ". " + d.Source
	})
}
