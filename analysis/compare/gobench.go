package compare

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/perf/benchfmt"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/results"
)

// WriteBenchmarks writes the cells of both runs in the format of Go benchmarks, one line
// per valid cell, for benchstat: a round is a sample. Strategies of the base have their
// new names, and cells that the comparison leaves out are left out. The configuration
// key run is base or new.
//
// Source of the format: R. Cox and A. Clements, "Proposal: Go Benchmark Data
// Format", https://go.dev/design/14313-benchmark-format.
func (c *Comparison) WriteBenchmarks(w io.Writer) error {
	out := benchfmt.NewWriter(w)
	if err := c.writeUnits(out); err != nil {
		return err
	}
	if err := c.writeRun(out, "base", &c.Base.Manifest, c.baseCells); err != nil {
		return err
	}
	return c.writeRun(out, "new", &c.New.Manifest, c.newCells)
}

// writeUnits writes which direction of each metric is better.
func (c *Comparison) writeUnits(out *benchfmt.Writer) error {
	better := map[analysis.Direction]string{analysis.Higher: "higher", analysis.Lower: "lower"}
	for _, m := range c.Options.Metrics {
		if m.Better == analysis.Neither {
			continue
		}
		unit, _ := benchUnit(m)
		if err := out.Write(&benchfmt.UnitMetadata{UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: unit, Key: "better"}, OrigUnit: unit, Value: better[m.Better]}); err != nil {
			return fmt.Errorf("write a unit: %w", err)
		}
	}
	return nil
}

// writeRun writes the cells of one run.
func (c *Comparison) writeRun(out *benchfmt.Writer, name string, m *results.Manifest, cells []results.Cell) error {
	config := benchConfig(name, m)
	points := byPoint(analysis.Group(cells))
	for _, r := range c.firstBlock() {
		for _, cell := range points[r.Point].Valid() {
			line := &benchfmt.Result{Config: config, Name: benchName(r.Point), Iters: int(max(cell.Attempts, 1)), Values: c.benchValues(cell)}
			if len(line.Values) == 0 {
				continue
			}
			if err := out.Write(line); err != nil {
				return fmt.Errorf("write a cell: %w", err)
			}
		}
	}
	return nil
}

// benchConfig returns the conditions of a run that are on record.
func benchConfig(name string, m *results.Manifest) (config []benchfmt.Config) {
	for _, pair := range [][2]string{
		{"run", name}, {"kernel", m.Kernel}, {"system", m.System}, {"cpu", m.CPU},
		{"congestion", m.TCP["tcp_congestion_control"]}, {"path", m.PathKind}, {"tool", m.Tool},
	} {
		if pair[1] != "" {
			config = append(config, benchfmt.Config{Key: pair[0], Value: []byte(pair[1]), File: true})
		}
	}
	return config
}

// firstBlock returns the rows of the first metric, which have each point once.
func (c *Comparison) firstBlock() []Row {
	if blocks := c.blocks(); len(blocks) > 0 {
		return blocks[0]
	}
	return nil
}

// benchValues returns the figures of a cell in units that benchstat scales.
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

// benchUnit returns the unit of a metric in the format of Go benchmarks, and the factor
// for its figures: times are nanoseconds there.
func benchUnit(m analysis.Metric) (unit string, factor float64) {
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

// benchName returns the name of a point's benchmark: a key=value pair for each
// coordinate that is set or always named. The body is last: benchstat would read a
// number after a dash at the end as GOMAXPROCS.
func benchName(p results.Point) benchfmt.Name {
	name, last := "Reject", ""
	for i := range results.Coordinates {
		c := &results.Coordinates[i]
		if !c.Always && !c.Set(&p) {
			continue
		}
		pair := "/" + c.Key + "=" + benchValue(c, &p)
		if c.Unit == results.UnitBytes {
			last += pair
		} else {
			name += pair
		}
	}
	return benchfmt.Name(name + last)
}

// benchValue formats the value of a coordinate without spaces and slashes.
func benchValue(c *results.Coordinate, p *results.Point) string {
	switch v := c.Value(p).(type) {
	case float64:
		switch c.Unit {
		case results.UnitMs:
			return time.Duration(v * 1e6).String()
		case results.UnitPercent:
			return c.Text(p) + "%"
		}
	case int64:
		return strconv.FormatInt(v, 10)
	case string:
		return strings.Map(func(r rune) rune {
			if r == '/' || unicode.IsSpace(r) {
				return '_'
			}
			return r
		}, v)
	}
	return c.Text(p)
}
