package analysis

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/perf/benchfmt"

	"github.com/rejectbench/rejectbench/results"
)

// WriteBenchmarks writes the cells of both runs in the format of Go benchmarks,
// one line a valid cell, so that benchstat reads them: a round is a sample.
// Strategies of the base have their new names, and what the comparison leaves
// out is left out. The runs are told apart by the configuration key run.
//
// Source of the format: R. Cox and A. Clements, "Proposal: Go Benchmark Data
// Format", https://go.dev/design/14313-benchmark-format.
func (c *Comparison) WriteBenchmarks(w io.Writer) error {
	out := benchfmt.NewWriter(w)
	for _, m := range c.Options.Metrics {
		unit, _ := benchUnit(m)
		if m.Better == Neither {
			continue
		}
		better := map[Better]string{Higher: "higher", Lower: "lower"}[m.Better]
		if err := out.Write(&benchfmt.UnitMetadata{UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: unit, Key: "better"}, OrigUnit: unit, Value: better}); err != nil {
			return fmt.Errorf("write a unit: %w", err)
		}
	}
	for _, run := range []struct {
		name     string
		manifest results.Manifest
		cells    []results.Cell
	}{{"base", c.Base.Manifest, c.baseCells}, {"new", c.New.Manifest, c.newCells}} {
		var config []benchfmt.Config
		for _, pair := range [][2]string{
			{"run", run.name}, {"kernel", run.manifest.Kernel}, {"system", run.manifest.System}, {"cpu", run.manifest.CPU},
			{"congestion", run.manifest.TCP["tcp_congestion_control"]}, {"path", run.manifest.PathKind}, {"tool", run.manifest.Tool},
		} {
			if pair[1] != "" {
				config = append(config, benchfmt.Config{Key: pair[0], Value: []byte(pair[1]), File: true})
			}
		}
		points := byPoint(run.cells)
		for _, r := range c.firstBlock() {
			for _, cell := range cellsOf(points[r.Point]) {
				line := &benchfmt.Result{Config: config, Name: benchName(r.Point), Iters: int(max(cell.Attempts, 1)), Values: c.benchValues(cell)}
				if len(line.Values) == 0 {
					continue
				}
				if err := out.Write(line); err != nil {
					return fmt.Errorf("write a cell: %w", err)
				}
			}
		}
	}
	return nil
}

// firstBlock has each point once.
func (c *Comparison) firstBlock() []Row {
	if blocks := c.blocks(); len(blocks) > 0 {
		return blocks[0]
	}
	return nil
}

// benchValues are the figures of a cell in units that benchstat scales.
func (c *Comparison) benchValues(cell *results.Cell) (values []benchfmt.Value) {
	for _, m := range c.Options.Metrics {
		unit, factor := benchUnit(m)
		if m.Share != nil {
			if k, n := m.Share(cell); n > 0 {
				values = append(values, benchfmt.Value{Value: factor * float64(k) / float64(n), Unit: unit})
			}
		} else if v, ok := m.Value(cell); ok {
			values = append(values, benchfmt.Value{Value: factor * v, Unit: unit})
		}
	}
	return values
}

// benchUnit is a metric's unit in the format of Go benchmarks, and what its
// figures are multiplied by: times are nanoseconds there.
func benchUnit(m Metric) (unit string, factor float64) {
	name := strings.NewReplacer("_", "-", "(", "-", ")", "").Replace(m.Name)
	switch m.Unit {
	case "%":
		return strings.TrimSuffix(strings.TrimPrefix(name, "share-"), "-share") + "-%", 100
	case "ms":
		return strings.TrimSuffix(name, "-ms") + "-ns", 1e6
	case "us":
		return strings.TrimSuffix(name, "-us") + "-ns", 1e3
	case "B":
		return strings.TrimSuffix(name, "-bytes") + "-B", 1
	}
	return name, 1
}

// benchName is a point as the name of a benchmark, a key=value pair a coordinate.
// The body is last, as a number behind a dash at the end would be read as
// GOMAXPROCS.
func benchName(p Point) benchfmt.Name {
	word := func(text string) string {
		return strings.Map(func(r rune) rune {
			if r == '/' || unicode.IsSpace(r) {
				return '_'
			}
			return r
		}, text)
	}
	name := "Reject/strategy=" + word(p.Strategy) + "/client=" + word(p.Client) +
		"/rtt=" + time.Duration(p.RTTMs*1e6).String() + "/conc=" + strconv.Itoa(p.Concurrency)
	if p.Loss != 0 {
		name += "/loss=" + number(p.Loss*100) + "%"
	}
	if p.Limit != 0 {
		name += "/limit=" + strconv.Itoa(p.Limit)
	}
	if p.Rate != 0 {
		name += "/rate=" + number(p.Rate)
	}
	if p.Impairments != "" {
		name += "/path=" + word(p.Impairments)
	}
	if p.Settings != "" {
		name += "/with=" + word(p.Settings)
	}
	if p.TLS {
		name += "/tls=1.3"
	}
	if p.Nth > 1 {
		name += "/request=" + strconv.Itoa(p.Nth)
	}
	if p.Scenario != "" {
		name += "/scenario=" + word(p.Scenario) + "/part=" + word(p.Part)
	}
	return benchfmt.Name(name + "/body=" + strconv.FormatInt(p.BodyBytes, 10))
}
