// Package scenario has public reports of lost answers, each as a few cells: those
// that reproduce the loss, controls without it, and where there is a fix, cells that
// show it.
//
// A scenario is data, in one YAML file, and no code:
//
//  1. All returns the scenarios whose files are part of the program; Lookup finds
//     one of them by its name, or reads a user's file by its path.
//  2. A file is checked strictly. An error in it has the line and the column.
//  3. Each Part of a Scenario becomes one point of a sweep.
package scenario

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
)

// Scenario is one report, with what the record of a run says of it.
type Scenario struct {
	results.Scenario
	Parts []Part // in the order of Scenario.Parts
}

// Part is one cell of a scenario; the run adds round and seed.
type Part struct {
	results.ScenarioPart
	// Point is what the part measures. Its strategy is one of the reference server, or
	// a server of the catalogue as NAME or NAME:VARIANT.
	Point    results.Point
	Requests int64 // attempts of the cell, at least 1

	settings []settingValue // of the reference server that the part changes, in the order of their names
}

// settingValue is a setting of the reference server with a value in its unit.
type settingValue struct {
	targets.Setting
	value int64
}

// describe returns the settings for the record, as "close-delay=1s"; empty if there
// are none.
func (p Part) describe() string {
	var words []string
	for _, s := range p.settings {
		words = append(words, s.Name+"="+s.Unit.Format(s.value))
	}
	return strings.Join(words, " ")
}

// Bounds returns b with the part's settings applied.
func (p Part) Bounds(b targets.Bounds) targets.Bounds {
	c := targets.Config{Bounds: b}
	for _, s := range p.settings {
		s.Apply(&c, s.value)
	}
	return c.Bounds
}

//go:embed files/*.yaml
var embedded embed.FS

// All returns the scenarios that are part of the program, by name.
func All() ([]Scenario, error) {
	names, err := fs.Glob(embedded, "files/*.yaml")
	if err != nil {
		return nil, err
	}
	all := make([]Scenario, 0, len(names))
	for _, name := range names {
		b, err := embedded.ReadFile(name)
		if err != nil {
			return nil, err
		}
		s, err := parse(strings.TrimPrefix(name, "files/"), b)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Lookup returns the scenario of a name. A word with a slash or the ending .yaml is
// the path of a file.
func Lookup(word string) (Scenario, error) {
	if strings.ContainsAny(word, `/\`) || strings.HasSuffix(word, ".yaml") {
		b, err := os.ReadFile(word)
		if err != nil {
			return Scenario{}, err
		}
		return parse(word, b)
	}
	all, err := All()
	if err != nil {
		return Scenario{}, err
	}
	var names []string
	for _, s := range all {
		if s.Name == word {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Scenario{}, fmt.Errorf("unknown scenario: there are %s, and files of your own (a path that ends in .yaml)", strings.Join(names, ", "))
}
