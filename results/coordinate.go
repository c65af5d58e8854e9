package results

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rejectbench/rejectbench/results/units"
)

// The units of coordinates, as tables show them.
const (
	UnitMs        = "ms"
	UnitBytes     = "B"
	UnitPercent   = "%" // of a share, whose value is 0 to 1
	UnitPerSecond = "1/s"
)

// Coordinate is one coordinate of a point: a row of the table Coordinates.
type Coordinate struct {
	Name    string // name in rules and page filters, such as rtt
	JSON    string // name in records, such as rtt_ms
	Flag    string // flag of run that takes a list of its values; empty where run takes one value or none
	Unit    string // unit of its value, one of the units above; empty for names and counts
	Label   string // label on pages and axes, such as Round trip
	Head    string // head of its column in tables
	Key     string // key in names of benchmarks
	Summary string // what it means, in a line
	// Always is true where tables and sentences name the coordinate even if no
	// point sets it.
	Always bool
	// Phrase names the value in a sentence; {} is replaced by its text. It is empty
	// for the scenario and its part, which precede the sentence.
	Phrase string
	// Unset names the default in a sentence; empty where Phrase does.
	Unset string
	// FreeText is true for a text that may contain spaces and operators.
	FreeText bool
	// Terms are all values of a coordinate whose vocabulary is closed; nil for others.
	Terms []Term
	// Order is the coordinate's rank when points are sorted, from 1. Rank 1 is
	// compared first.
	Order int

	// Value returns a string, a bool, an int64 or a float64.
	Value func(p *Point) any
	// Set reports whether a point differs from the default: the zero value, or 1
	// for the place of a request.
	Set func(p *Point) bool

	compare func(a, b *Point) int
	clear   func(p *Point) // sets the default
	tag     string         // text in latency tags; {} is replaced by the plain value
	inTags  bool           // whether every tag has it, set or not
}

// Coordinates is the table of the coordinates of a point. Tables, rules,
// comparisons, benchmark names, plots, page filters, latency tags and shell
// completion range over it. Merging compares Point.Key.
var Coordinates = []Coordinate{
	ordered(Coordinate{Name: "strategy", Label: "Strategy", JSON: "strategy", Flag: "strategy", Head: "strategy", Key: "strategy", Order: 13,
		Summary: "how the server rejects", Always: true, Phrase: "{}", tag: "{}", inTags: true},
		func(p *Point) *string { return &p.Strategy }),
	ordered(Coordinate{Name: "client", Label: "Client", JSON: "client", Flag: "client", Head: "client", Key: "client", Order: 5,
		Summary: "how the client sends and reads", Always: true, Phrase: "{}", tag: "{}", inTags: true},
		func(p *Point) *string { return &p.Client }),
	ordered(Coordinate{Name: "rtt", Label: "Round trip", JSON: "rtt_ms", Flag: "rtt", Unit: UnitMs, Head: "rtt", Key: "rtt", Order: 12,
		Summary: "round trip asked of the path", Always: true, Phrase: "rtt {} ms", tag: "rtt={}ms", inTags: true},
		func(p *Point) *float64 { return &p.RTTMs }),
	ordered(Coordinate{Name: "concurrency", Label: "Concurrency", JSON: "concurrency", Flag: "concurrency", Head: "conc", Key: "conc", Order: 10,
		Summary: "attempts in flight at once", Always: true, Phrase: "concurrency {}", tag: "c={}", inTags: true},
		func(p *Point) *int { return &p.Concurrency }),
	ordered(Coordinate{Name: "body", Label: "Body", JSON: "body_bytes", Flag: "body", Unit: UnitBytes, Head: "body", Key: "body", Order: 11,
		Summary: "size of the request's body", Always: true, Phrase: "body {}", tag: "body={}", inTags: true},
		func(p *Point) *int64 { return &p.BodyBytes }),
	ordered(Coordinate{Name: "loss", Label: "Loss", JSON: "loss", Flag: "loss", Unit: UnitPercent, Head: "loss", Key: "loss", Order: 6,
		Summary: "packets that the path drops, in each direction", Phrase: "loss {}%", tag: "loss={}", inTags: true},
		func(p *Point) *float64 { return &p.Loss }),
	ordered(Coordinate{Name: "limit", Label: "Limit", JSON: "limit", Flag: "limit", Head: "limit", Key: "limit", Order: 7,
		Summary: "connections the server admits at once", Phrase: "limit {}", tag: "limit={}", inTags: true},
		func(p *Point) *int { return &p.Limit }),
	ordered(Coordinate{Name: "rate", Label: "Rate", JSON: "rate", Flag: "rate", Unit: UnitPerSecond, Head: "rate", Key: "rate", Order: 8,
		Summary: "attempts due per second; 0 where the concurrency decides", Phrase: "rate {}/s", Unset: "no rate", tag: "rate={}", inTags: true},
		func(p *Point) *float64 { return &p.Rate }),
	arrivals(Coordinate{Name: "arrivals", Label: "Arrivals", JSON: "arrivals", Head: "arrivals", Key: "arrivals", Flag: "arrivals", Order: 16,
		Summary: "how the attempts are spaced in time", Phrase: "{} arrivals", tag: "arrivals={}", Terms: Arrivals}),
	switched(Coordinate{Name: "ipv6", Label: "IPv6", JSON: "ipv6", Head: "ipv6", Key: "ipv6", Order: 14,
		Summary: "the connections use IPv6", Phrase: "IPv6", Unset: "IPv4", tag: "ipv6"},
		func(p *Point) *bool { return &p.IPv6 }),
	ordered(Coordinate{Name: "impairments", Label: "Impairments", JSON: "impairments", Head: "path", Key: "path", Order: 9,
		Summary: "what the path does besides round trip and loss", Phrase: "{}", Unset: "no other impairment", tag: "{}", FreeText: true},
		func(p *Point) *string { return &p.Impairments }),
	ordered(Coordinate{Name: "settings", Label: "Server's settings", JSON: "settings", Head: "with", Key: "with", Order: 15,
		Summary: "server settings that the run tries several values of", Phrase: "{}", Unset: "default settings", tag: "{}", FreeText: true},
		func(p *Point) *string { return &p.Settings }),
	switched(Coordinate{Name: "tls", Label: "TLS", JSON: "tls", Head: "tls", Key: "tls", Flag: "tls", Order: 3,
		Summary: "the connections use TLS 1.3", Phrase: "TLS 1.3", Unset: "no TLS", tag: "tls"},
		func(p *Point) *bool { return &p.TLS }),
	place(Coordinate{Name: "nth_request", Label: "Request", JSON: "nth_request", Head: "request", Key: "request", Flag: "nth-request", Order: 4,
		Summary: "place of the rejected request on its connection; the requests before it are admitted", Phrase: "request {} of its connection", tag: "request={}"},
		func(p *Point) *int { return &p.NthRequest }),
	ordered(Coordinate{Name: "scenario", Label: "Scenario", JSON: "scenario", Head: "scenario", Key: "scenario", Order: 1,
		Summary: "the scenario that the point belongs to"},
		func(p *Point) *string { return &p.Scenario }),
	ordered(Coordinate{Name: "part", Label: "Part", JSON: "part", Head: "part", Key: "part", Order: 2,
		Summary: "the part of the scenario"},
		func(p *Point) *string { return &p.Part }),
}

// coordinatesInOrder holds the rows of Coordinates, sorted by Order.
var coordinatesInOrder = func() []*Coordinate {
	all := make([]*Coordinate, len(Coordinates))
	for i := range Coordinates {
		all[i] = &Coordinates[i]
	}
	slices.SortFunc(all, func(a, b *Coordinate) int { return a.Order - b.Order })
	return all
}()

// ordered completes the row of a coordinate whose values are ordered, and whose
// default is the zero value.
func ordered[T string | int | int64 | float64](c Coordinate, field func(*Point) *T) Coordinate {
	var zero T
	c.Value = func(p *Point) any { return value(*field(p)) }
	c.Set = func(p *Point) bool { return *field(p) != zero }
	c.compare = func(a, b *Point) int { return cmp.Compare(*field(a), *field(b)) }
	c.clear = func(p *Point) { *field(p) = zero }
	return c
}

// value returns a value as Coordinate.Value does.
func value(v any) any {
	if n, ok := v.(int); ok {
		return int64(n)
	}
	return v
}

// place completes the row of a coordinate that counts from 1, where 0 means 1.
func place(c Coordinate, field func(*Point) *int) Coordinate {
	of := func(p *Point) int { return max(*field(p), 1) }
	c.Value = func(p *Point) any { return int64(of(p)) }
	c.Set = func(p *Point) bool { return of(p) != 1 }
	c.compare = func(a, b *Point) int { return cmp.Compare(of(a), of(b)) }
	c.clear = func(p *Point) { *field(p) = 0 }
	return c
}

// arrivals completes the row of the arrivals, where no name means SpreadArrivals.
func arrivals(c Coordinate) Coordinate {
	of := func(p *Point) string { return cmp.Or(p.Arrivals, SpreadArrivals) }
	c.Value = func(p *Point) any { return of(p) }
	c.Set = func(p *Point) bool { return of(p) != SpreadArrivals }
	c.compare = func(a, b *Point) int { return cmp.Compare(of(a), of(b)) }
	c.clear = func(p *Point) { p.Arrivals = SpreadArrivals }
	return c
}

// switched completes the row of a boolean coordinate.
func switched(c Coordinate, field func(*Point) *bool) Coordinate {
	number := func(p *Point) int {
		if *field(p) {
			return 1
		}
		return 0
	}
	c.Value = func(p *Point) any { return *field(p) }
	c.Set = func(p *Point) bool { return *field(p) }
	c.compare = func(a, b *Point) int { return number(a) - number(b) }
	c.clear = func(p *Point) { *field(p) = false }
	return c
}

// Text returns the value of a point for a table. Only sizes have their unit. A
// boolean is "on" or "off".
func (c *Coordinate) Text(p *Point) string {
	switch v := c.Value(p).(type) {
	case float64:
		if c.Unit == UnitPercent {
			v *= 100
		}
		return units.Number(v)
	case int64:
		if c.Unit == UnitBytes {
			return units.Size(v)
		}
		return strconv.FormatInt(v, 10)
	case bool:
		if v {
			return "on"
		}
		return "off"
	case string:
		return v
	}
	return ""
}

// Words returns the value of a point for a sentence.
func (c *Coordinate) Words(p *Point) string {
	if c.Unset != "" && !c.Set(p) {
		return c.Unset
	}
	return strings.ReplaceAll(cmp.Or(c.Phrase, c.Name+" {}"), "{}", c.Text(p))
}

// TextWithUnit returns the value of a point with its unit.
func (c *Coordinate) TextWithUnit(p *Point) string {
	text := c.Text(p)
	switch c.Unit {
	case UnitMs:
		return text + " ms"
	case UnitPercent:
		return text + "%"
	case UnitPerSecond:
		return text + "/s"
	}
	return text
}

// CoordinateByName returns the row of a coordinate by its Name; nil for an unknown
// name.
func CoordinateByName(name string) *Coordinate {
	for i := range Coordinates {
		if Coordinates[i].Name == name {
			return &Coordinates[i]
		}
	}
	return nil
}

// tagged writes a point's value as latency tags and labels do.
func (c *Coordinate) tagged(p *Point) string {
	return strings.ReplaceAll(c.tag, "{}", fmt.Sprint(c.Value(p)))
}

// tags returns the texts of a point's coordinates for a latency tag: of those that
// every tag has, and of the others that are set.
func (p *Point) tags() (always, set []string) {
	for i := range Coordinates {
		c := &Coordinates[i]
		if c.tag == "" {
			continue
		}
		text := c.tagged(p)
		switch {
		case c.inTags:
			always = append(always, text)
		case c.Set(p):
			set = append(set, text)
		}
	}
	if part := p.scenarioPart(); part != "" {
		set = append(set, part)
	}
	return always, set
}
