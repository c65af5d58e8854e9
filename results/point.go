package results

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// Point is one point of the grid of a run: what a cell measures, without its round
// and try. Points are comparable. NthRequest has two values for the first request
// of a connection, and Arrivals two for SpreadArrivals, so compare points by Key. The table Coordinates describes how
// each field is named, compared and written.
type Point struct {
	Strategy    string  `json:"strategy"`       // how the server rejects: a strategy, or the name[:variant] of another server
	Client      string  `json:"client"`         // how the client sends and reads: a client behaviour or a library client
	RTTMs       float64 `json:"rtt_ms"`         // round trip asked of the path, in milliseconds, 0 or above; 0 adds no delay
	Concurrency int     `json:"concurrency"`    // attempts in flight at once, 1 or above
	BodyBytes   int64   `json:"body_bytes"`     // size of the request's body, in bytes, 0 or above
	Loss        float64 `json:"loss"`           // share of packets that the path drops in each direction, 0 to 1
	IPv6        bool    `json:"ipv6,omitempty"` // true for IPv6, false for IPv4
	// Impairments is what the path does besides round trip and loss, in the grammar of
	// the impairment flags; empty for none.
	Impairments string  `json:"impairments,omitempty"`
	Limit       int     `json:"limit"`         // connections that the server admits at once; 0 rejects all of them
	Arrivals    string  `json:"arrivals"`      // how attempts are spaced in time: a name in the table Arrivals; empty means SpreadArrivals
	Rate        float64 `json:"rate"`          // attempts due per second; 0 where the concurrency decides
	TLS         bool    `json:"tls,omitempty"` // true for TLS 1.3, false for plain TCP
	// NthRequest is the place of the measured request on its connection, from 1; 0
	// means 1. The requests before it are admitted.
	NthRequest int    `json:"nth_request,omitempty"`
	Scenario   string `json:"scenario,omitempty"` // scenario that the cell belongs to; empty in a grid
	Part       string `json:"part,omitempty"`     // part of the scenario; empty in a grid
	// Settings are the server settings that a run tries several values of, such as
	// "linger-total=1.2s"; empty where the options in the manifest hold for all cells.
	Settings string `json:"settings,omitempty"`
}

// Key returns the point as a map key: points that ask for the same have equal keys.
func (p Point) Key() Point {
	if p.NthRequest == 1 {
		p.NthRequest = 0
	}
	if p.Arrivals == "" {
		p.Arrivals = SpreadArrivals
	}
	return p
}

// Without returns the point with the named coordinates at their defaults, as a map
// key. It is what points that differ only in these coordinates have in common. An
// unknown name panics.
func (p Point) Without(names ...string) Point {
	for _, name := range names {
		CoordinateByName(name).clear(&p)
	}
	return p.Key()
}

// Request returns the place of the measured request on its connection, at least 1.
func (p *Point) Request() int { return max(p.NthRequest, 1) }

// RTT returns the round trip as a duration, rounded to nanoseconds.
func (p *Point) RTT() time.Duration {
	return time.Duration(math.Round(p.RTTMs * float64(time.Millisecond)))
}

// scenarioPart returns scenario/part; empty in a grid.
func (p *Point) scenarioPart() string {
	if p.Scenario == "" {
		return ""
	}
	return p.Scenario + "/" + p.Part
}

// Conditions returns the point without its strategy: the conditions under which
// strategies are compared.
func (p Point) Conditions() Point { return p.Without("strategy") }

// String returns the point as a phrase. It leaves out coordinates that are not set.
func (p Point) String() string {
	text := p.Phrases()
	if p.Scenario != "" {
		text = p.scenarioPart() + ": " + text
	}
	return text
}

// Phrases returns the phrases of the coordinates that are always named or set,
// joined by commas. It leaves out the coordinates whose names are in except.
func (p Point) Phrases(except ...string) string {
	return p.phrases(func(c *Coordinate) bool {
		return (c.Always || c.Set(&p)) && !slices.Contains(except, c.Name)
	})
}

// PhrasesOf returns the phrases of those of the named coordinates that are set,
// joined by commas.
func (p Point) PhrasesOf(names ...string) string {
	return p.phrases(func(c *Coordinate) bool { return c.Set(&p) && slices.Contains(names, c.Name) })
}

func (p *Point) phrases(named func(*Coordinate) bool) string {
	var phrases []string
	for i := range Coordinates {
		if c := &Coordinates[i]; c.Phrase != "" && named(c) {
			phrases = append(phrases, c.Words(p))
		}
	}
	return strings.Join(phrases, ", ")
}

// Label names the point among those of a run, such as in a progress line: its
// coordinates that a grid can have several values of and that are always named or
// set, as latency tags write them. The others are the same in all points.
func (p Point) Label() string {
	text := strings.Join(p.labels(), " ")
	if p.Scenario != "" {
		text = p.scenarioPart() + ": " + text
	}
	return text
}

// FileName names the point in the name of a file: Label without the characters that
// some file systems refuse.
func (p Point) FileName() string {
	words := p.labels()
	if p.Scenario != "" {
		words = append([]string{p.Scenario, p.Part}, words...)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '=':
			return -1
		case strings.ContainsRune(` ,:;/\%`, r):
			return '-'
		}
		return r
	}, strings.Join(words, "-"))
}

func (p *Point) labels() []string {
	var words []string
	for i := range Coordinates {
		if c := &Coordinates[i]; c.Flag != "" && (c.Always || c.Set(p)) {
			words = append(words, c.tagged(p))
		}
	}
	return words
}

// ComparePoints orders points, as cmp.Compare does, so that the strategies of the
// same conditions are adjacent. It compares values, not their texts. Names have the
// given order of their coordinate; without one, alphabetical order.
func ComparePoints(a, b *Point, names PointOrder) int {
	for _, c := range coordinatesInOrder {
		order := c.compare(a, b)
		if terms := names[c.Name]; order != 0 && terms != nil {
			order = terms.Compare(c.Value(a).(string), c.Value(b).(string))
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

// PointOrder is the order of the names of each coordinate, by the coordinate's
// name. The zero value orders all names alphabetically.
type PointOrder map[string]TermOrder

// PointOrder returns the order of the vocabularies of the run.
func (m *Manifest) PointOrder() PointOrder {
	return PointOrder{"strategy": NewTermOrder(m.Strategies), "client": NewTermOrder(m.Clients)}
}

// TermOrder ranks names by their place in a vocabulary. Names that it lacks follow
// in alphabetical order. The zero value orders all names alphabetically.
type TermOrder map[string]int

// NewTermOrder returns the order of a vocabulary.
func NewTermOrder(terms []Term) TermOrder {
	o := make(TermOrder, len(terms))
	for i, t := range terms {
		if _, seen := o[t.Name]; !seen {
			o[t.Name] = i
		}
	}
	return o
}

// Compare compares two names, as cmp.Compare does.
func (o TermOrder) Compare(a, b string) int {
	placeA, knownA := o[a]
	placeB, knownB := o[b]
	switch {
	case knownA && knownB:
		return cmp.Compare(placeA, placeB)
	case knownA:
		return -1
	case knownB:
		return 1
	}
	return cmp.Compare(a, b)
}

// Sort sorts names in place and removes duplicates.
func (o TermOrder) Sort(names []string) []string {
	slices.SortFunc(names, o.Compare)
	return slices.Compact(names)
}
