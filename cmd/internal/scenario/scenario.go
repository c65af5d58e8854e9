// Package scenario knows public reports of lost answers, each set up as a few
// cells that show whether the loss is there, and where it is not.
//
// A scenario is data: one YAML file, and no code. The files of this package are
// part of the program; a file of one's own is read the same way.
package scenario

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
)

// Scenario is one report.
type Scenario struct {
	results.Scenario
	Parts []Part // in the order of those of Scenario
}

// Part is one cell of a scenario, without round and seed.
type Part struct {
	results.ScenarioPart
	Server      string // a strategy of the reference server, or a server of the catalogue as NAME or NAME:VARIANT
	Client      string // a client behaviour, or a library client
	RTT         time.Duration
	Body        int64 // bytes of the request's body
	Concurrency int
	Requests    int64
	Loss        float64 // of packets each way, 0 to 1
	TLS         bool
	Nth         int // place of the rejected request on its connection, at least 1

	// Settings are what the part sets of the reference server, in the order of
	// targets.Settings.
	Settings []Setting
}

// Setting is the value of a setting of the reference server, in its unit.
type Setting struct {
	targets.Setting
	Value int64
}

// Describe writes the settings for the record, as "close-delay=1s"; empty where
// there are none.
func (p Part) Describe() string {
	var words []string
	for _, s := range p.Settings {
		words = append(words, s.Name+"="+s.Unit.Format(s.Value))
	}
	return strings.Join(words, " ")
}

// Bounds returns a server's bounds with the part's settings in place.
func (p Part) Bounds(b targets.Bounds) targets.Bounds {
	c := targets.Config{Bounds: b}
	for _, s := range p.Settings {
		s.Apply(&c, s.Value)
	}
	return c.Bounds
}

//go:embed files/*.yaml
var own embed.FS

// All returns the scenarios that are part of the program, in the order of their
// names.
func All() ([]Scenario, error) {
	names, err := fs.Glob(own, "files/*.yaml")
	if err != nil {
		return nil, err
	}
	all := make([]Scenario, 0, len(names))
	for _, name := range names {
		b, err := own.ReadFile(name)
		if err != nil {
			return nil, err
		}
		s, err := Parse(strings.TrimPrefix(name, "files/"), b)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Lookup returns the scenario of a name, or the one in the file that a name with
// a slash or the ending .yaml is the path of.
func Lookup(word string) (Scenario, error) {
	if strings.ContainsAny(word, `/\`) || strings.HasSuffix(word, ".yaml") {
		b, err := os.ReadFile(word)
		if err != nil {
			return Scenario{}, err
		}
		return Parse(word, b)
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
