package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// axis is a flag whose values are those of one coordinate of the grid. A command
// that takes one value of it has the same flag.
type axis struct {
	flag     string     // as results.Coordinates names it
	one      string     // name of a value in the help
	many     string     // name of a list of values in the help
	usage    string     // what the values are
	standard string     // values of `run` without the flag
	all      vocabulary // the words that the value all means; the zero value if the axis has no such value
	// everywhere is true for an axis whose values hold for every cell of the default
	// grid. A value of another axis replaces the default grid.
	everywhere bool
	// read returns a function that sets a value in a point.
	read func(word string) (setter, error)
}

// setter sets the value of one coordinate.
type setter func(*results.Point)

// axes are the axes of the grid. The last varies fastest.
var axes = []axis{
	{flag: "nth-request", one: "count", many: "counts", usage: nthUsage, standard: "1",
		read: reader(parseNth, func(p *results.Point, n int) { p.NthRequest = n })},
	{flag: "arrivals", one: "name", many: "names", usage: "how attempts are spaced in time: words of 'list arrivals'; with a --rate the default is even", standard: results.SpreadArrivals, everywhere: true,
		read: reader(arrivalWords.parse, func(p *results.Point, name string) { p.Arrivals = name })},
	{flag: "rate", one: "number", many: "numbers", usage: "attempts due per second; 0 lets --concurrency decide", standard: "0", everywhere: true,
		read: reader(parseRate, func(p *results.Point, rate float64) { p.Rate = rate })},
	{flag: "limit", one: "count", many: "counts", usage: "connections that the reference server admits at once; 0 rejects every connection", standard: "0", everywhere: true,
		read: reader(parseLimit, func(p *results.Point, n int) { p.Limit = n })},
	{flag: "tls", one: "off|on", many: "off,on", usage: tlsUsage, standard: "off",
		read: reader(parseOnOff, func(p *results.Point, on bool) { p.TLS = on })},
	{flag: "client", one: "name", many: "names", usage: "words of 'list clients', or all for the built-in behaviours", standard: "blocking", all: clientWords,
		read: reader(parseGridClient, func(p *results.Point, name string) { p.Client = name })},
	{flag: "loss", one: "share", many: "shares", usage: "packets lost, each way", standard: "0",
		read: reader(units.ParseShare, func(p *results.Point, share float64) { p.Loss = share })},
	{flag: "body", one: "size", many: "sizes", usage: "body of the request", standard: "0,64KiB,256KiB",
		read: reader(parseSize, func(p *results.Point, bytes int64) { p.BodyBytes = bytes })},
	{flag: "concurrency", one: "count", many: "counts", usage: "attempts in flight at once, on average", standard: "20",
		read: reader(parseConcurrency, func(p *results.Point, n int) { p.Concurrency = n })},
	{flag: "rtt", one: "time", many: "times", usage: "round-trip time", standard: "10ms,20ms,80ms",
		read: reader(parseRTT, func(p *results.Point, rtt time.Duration) { p.RTTMs = units.Milliseconds(rtt) })},
	{flag: "strategy", one: "name", many: "names", usage: "how the server rejects: words of 'list strategies', or all", all: strategyWords,
		standard: "linger-zero,close,read-header,lingering-close",
		read:     reader(strategyWords.parse, func(p *results.Point, name string) { p.Strategy = name })},
}

func reader[T any](parse func(word string) (T, error), set func(*results.Point, T)) func(string) (setter, error) {
	return func(word string) (setter, error) {
		v, err := parse(word)
		return func(p *results.Point) { set(p, v) }, err
	}
}

// axisOf returns the axis of a flag.
func axisOf(flag string) axis {
	return axes[slices.IndexFunc(axes, func(a axis) bool { return a.flag == flag })]
}

// list reads the values of a comma-separated text.
func (a axis) list(text string) ([]setter, error) {
	if text == "all" && a.all.terms != nil {
		text = strings.Join(a.all.names(), ",")
	}
	if a.all.terms != nil && slices.Contains(strings.Split(text, ","), "all") {
		return nil, usagef("--%s %q: all includes every other value: give it alone", a.flag, text)
	}
	return listBy(a.flag, text, a.read, func(set setter) (p results.Point) {
		set(&p)
		return p
	})
}

// set reads a flag that takes a single value, and sets it in the point.
func (a axis) set(p *results.Point, text string) error {
	if strings.Contains(text, ",") || text == "all" {
		return usagef("--%s %q: it takes one value", a.flag, text)
	}
	set, err := one(a.flag, text, a.read)
	if err == nil {
		set(p)
	}
	return err
}

// axisValues are the values of flags of axes as they were given, by flag.
type axisValues map[string]*string

// define defines the flag of an axis.
func (v axisValues) define(fs *pflag.FlagSet, a axis, name, standard, usage string) {
	v[a.flag] = fs.String(a.flag, standard, "`"+name+"`: "+usage)
}

// gridFlags are the flags whose values span the grid, as they were given.
type gridFlags struct{ axisValues }

// define defines the flags, in the order of results.Coordinates.
func (f *gridFlags) define(fs *pflag.FlagSet) {
	f.axisValues = axisValues{}
	under(fs, "Grid (lists, such as 0,20ms; every combination of values is a cell)", func(fs *pflag.FlagSet) {
		for _, c := range results.Coordinates {
			if c.Flag != "" {
				a := axisOf(c.Flag)
				f.axisValues.define(fs, a, a.many, a.standard, a.usage)
			}
		}
	})
}

// grid holds the values of each axis, by flag.
type grid map[string][]setter

// read returns the values of the flags.
func (f *gridFlags) read() (grid, error) {
	return readGrid(func(a axis) string { return *f.axisValues[a.flag] })
}

func readGrid(text func(axis) string) (grid, error) {
	g := grid{}
	for _, a := range axes {
		values, err := a.list(text(a))
		if err != nil {
			return nil, err
		}
		g[a.flag] = values
	}
	return g, nil
}

// points returns the base with every combination of the values.
func (g grid) points(base results.Point) []results.Point {
	points := []results.Point{base}
	for _, a := range axes {
		all := make([]results.Point, 0, len(points)*len(g[a.flag]))
		for _, p := range points {
			for _, set := range g[a.flag] {
				set(&p)
				all = append(all, p.Key())
			}
		}
		points = all
	}
	return points
}

// completeArrivals sets the arrivals of a point with a rate, if none were given, and
// checks that arrivals and rate fit each other.
func completeArrivals(p *results.Point, given bool) error {
	name := p.Arrivals
	if !given {
		name = ""
	}
	arrivals, err := results.CompleteArrivals(name, p.Rate)
	if err != nil {
		return usagef("--arrivals %s, --rate %v: %w", name, p.Rate, err)
	}
	p.Arrivals = arrivals
	return nil
}

// isDefaultGrid reports whether no server, no scenario, no flag of the path's impairments,
// and no flag of the grid was given, but for those that set one value everywhere.
func (f *runFlags) isDefaultGrid(fs *pflag.FlagSet) bool {
	flags := []string{"server", "scenario"}
	for _, a := range axes {
		if !a.everywhere {
			flags = append(flags, a.flag)
		}
	}
	return f.impairments.none() && !anyChanged(fs, flags...)
}

// gridPart is a part of a grid, as the values of those flags that differ from their
// defaults.
type gridPart map[string]string

// defaultGrid is what `run` measures without a flag of the grid. The first part shows
// how each strategy depends on distance where the body is about as large as a send
// buffer. The others, at one distance, show further factors: no body and a larger one,
// other levels of concurrency, and a client that reads while it sends.
var defaultGrid = []gridPart{
	{"body": "64KiB"},
	{"rtt": "20ms", "body": "0,256KiB"},
	{"rtt": "20ms", "concurrency": "5,50", "body": "64KiB"},
	{"client": "duplex", "rtt": "20ms", "body": "256KiB"},
}

// String returns the part as flags.
func (g gridPart) String() string {
	var flags []string
	for _, c := range results.Coordinates {
		if value, ok := g[c.Flag]; ok {
			flags = append(flags, "--"+c.Flag+" "+value)
		}
	}
	return strings.Join(flags, " ")
}

// values returns the values of the part's axes. An axis that the part lacks has its
// default values, or those given for the whole grid.
func (g gridPart) values(given axisValues) (grid, error) {
	return readGrid(func(a axis) string {
		if a.everywhere {
			return *given[a.flag]
		}
		return cmp.Or(g[a.flag], a.standard)
	})
}

// defaultPoints returns the points of the default grid, with the given values of the
// axes that hold everywhere.
func defaultPoints(base results.Point, given axisValues) ([]results.Point, error) {
	var points []results.Point
	for _, part := range defaultGrid {
		g, err := part.values(given)
		if err != nil {
			return nil, fmt.Errorf("default grid: %w", err)
		}
		points = append(points, g.points(base)...)
	}
	return points, nil
}

// describeDefaultGrid describes the default grid for the help.
func describeDefaultGrid() string {
	text := "these parts\nof the product of the defaults and of other values:\n"
	for _, part := range defaultGrid {
		text += "  " + part.String() + "\n"
	}
	return text
}
