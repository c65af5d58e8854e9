package results

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// Point is one point of a run's grid: what a cell was asked to measure, without
// its round and try. Points are comparable; compare them by Key, as NthRequest
// has two values for a connection's first request. The table Coordinates says
// what each field means, in which unit, and how it is written.
type Point struct {
	Strategy    string  `json:"strategy"`
	Client      string  `json:"client"`
	RTTMs       float64 `json:"rtt_ms"` // milliseconds
	Concurrency int     `json:"concurrency"`
	BodyBytes   int64   `json:"body_bytes"`
	Loss        float64 `json:"loss"`           // 0 to 1, each way
	IPv6        bool    `json:"ipv6,omitempty"` // false is IPv4
	// Impairments is in the grammar of the path's settings; empty when there are none.
	Impairments string  `json:"impairments,omitempty"`
	Limit       int     `json:"limit"` // connections; 0 rejects every one
	Rate        float64 `json:"rate"`  // attempts a second; 0 is a closed loop
	TLS         bool    `json:"tls,omitempty"`
	// NthRequest counts from 1; 0 is 1, a connection's first request.
	NthRequest int `json:"nth_request,omitempty"`
	// Scenario and Part are empty in a grid.
	Scenario string `json:"scenario,omitempty"`
	Part     string `json:"part,omitempty"`
	// Settings is written as "linger-total=1.2s"; empty where the manifest's
	// options name every setting.
	Settings string `json:"settings,omitempty"`
}

// Key returns the point as a key of maps: two points that ask for the same are equal.
func (p Point) Key() Point {
	if p.NthRequest == 1 {
		p.NthRequest = 0
	}
	return p
}

// Request is the place of the rejected request on its connection, at least 1.
func (p *Point) Request() int { return max(p.NthRequest, 1) }

// RTT is the round trip as a duration, rounded to nanoseconds.
func (p *Point) RTT() time.Duration { return time.Duration(math.Round(p.RTTMs * float64(time.Millisecond))) }

// ScenarioPart names the part of a scenario that the point belongs to, as
// scenario/part. It is empty in a grid.
func (p *Point) ScenarioPart() string {
	if p.Scenario == "" {
		return ""
	}
	return p.Scenario + "/" + p.Part
}

// Conditions is the point without its strategy: what strategies are compared under.
func (p Point) Conditions() Point {
	p.Strategy = ""
	return p.Key()
}

// String names the point in a sentence. It leaves out coordinates that are not set.
func (p Point) String() string {
	var words []string
	for i := range Coordinates {
		c := &Coordinates[i]
		if c.Phrase != "" && (c.Always || c.Set(&p)) {
			words = append(words, c.Words(&p))
		}
	}
	text := strings.Join(words, ", ")
	if p.Scenario != "" {
		text = p.ScenarioPart() + ": " + text
	}
	return text
}

// Label names the point in a progress line: the coordinates that are always named
// or set, as latency tags write them.
func (p Point) Label() string {
	text := strings.Join(p.labels(), " ")
	if p.Scenario != "" {
		text = p.ScenarioPart() + ": " + text
	}
	return text
}

// FileName names the point in the name of a file: Label without what a file name
// cannot hold everywhere.
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
		if c := &Coordinates[i]; c.tag != "" && (c.Always || c.Set(p)) {
			words = append(words, c.tagged(p))
		}
	}
	return words
}

// ComparePoints orders points so that the strategies of the same conditions lie
// side by side. It compares values, not their texts. Names are compared in the
// given order of their coordinate, or by alphabet where there is none.
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

// PointOrder is the order of names, by the name of their coordinate. The zero
// value orders all names by alphabet.
type PointOrder map[string]TermOrder

// PointOrder returns the order of the run's vocabularies.
func (m *Manifest) PointOrder() PointOrder {
	return PointOrder{"strategy": NewTermOrder(m.Strategies), "client": NewTermOrder(m.Clients)}
}

// TermOrder ranks names by their place in a vocabulary. Names that it lacks
// follow, by alphabet. The zero value ranks all names by alphabet.
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

// Sort sorts names in place and drops repetitions.
func (o TermOrder) Sort(names []string) []string {
	slices.SortFunc(names, o.Compare)
	return slices.Compact(names)
}
