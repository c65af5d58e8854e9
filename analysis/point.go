package analysis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/results"
)

// Point is one point of a run's grid: what was asked, without round and try.
type Point struct {
	Strategy    string
	Client      string
	RTTMs       float64 // milliseconds
	Concurrency int
	BodyBytes   int64   // of the request
	Loss        float64 // 0 to 1, each way
	Limit       int
	Rate        float64 // attempts a second; 0 is a closed loop
	Impairments string  // what else the path was or did to packets, as recorded
	Settings    string  // of the server, where the run tried values of them
	TLS         bool
	Nth         int    // place of the rejected request on its connection, at least 1
	Scenario    string // empty in a grid
	Part        string // of the scenario
}

// PointOf returns the point a cell belongs to.
func PointOf(c results.Cell) Point {
	path := c.Impairments
	if c.IPv6 {
		path = strings.TrimSuffix("IPv6, "+path, ", ")
	}
	return Point{c.Strategy, c.Client, c.RTTMs, c.Concurrency, c.BodyBytes, c.Loss, c.Limit, c.Rate, path, c.Settings,
		c.TLS, max(c.NthRequest, 1), c.Scenario, c.Part}
}

// Coordinates are those of a point that every line of JSON about one has, under
// the names of records.
type Coordinates struct {
	Strategy    string  `json:"strategy"`
	Client      string  `json:"client"`
	RTTMs       float64 `json:"rtt_ms"`
	Concurrency int     `json:"concurrency"`
	BodyBytes   int64   `json:"body_bytes"`
	Loss        float64 `json:"loss"`
	Limit       int     `json:"limit"`
	Rate        float64 `json:"rate"`
	TLS         bool    `json:"tls,omitempty"`
	NthRequest  int     `json:"nth_request,omitempty"`
	Scenario    string  `json:"scenario,omitempty"`
	Part        string  `json:"part,omitempty"`
}

func coordinatesOf(p Point) Coordinates {
	c := Coordinates{p.Strategy, p.Client, p.RTTMs, p.Concurrency, p.BodyBytes, p.Loss, p.Limit, p.Rate, p.TLS, 0, p.Scenario, p.Part}
	if p.Nth > 1 {
		c.NthRequest = p.Nth
	}
	return c
}

// connection says what the connection is besides plain HTTP with one request;
// empty when nothing.
func (p Point) connection() string {
	var words []string
	if p.TLS {
		words = append(words, "TLS 1.3")
	}
	if p.Nth > 1 {
		words = append(words, fmt.Sprintf("request %d of its connection", p.Nth))
	}
	return strings.Join(words, ", ")
}

// scenarioPart names the part of a scenario that the point is; empty in a grid.
func (p Point) scenarioPart() string {
	if p.Scenario == "" {
		return ""
	}
	return p.Scenario + "/" + p.Part
}

// conditions is the point without its strategy: what strategies are compared under.
func (p Point) conditions() Point {
	p.Strategy = ""
	return p
}

// String names the point as a sentence does, leaving out coordinates that are not set.
func (p Point) String() string {
	text := fmt.Sprintf("%s, %s, rtt %s ms, concurrency %d, body %s",
		p.Strategy, p.Client, number(p.RTTMs), p.Concurrency, size(p.BodyBytes))
	if p.Loss != 0 {
		text += ", loss " + number(p.Loss*100) + "%"
	}
	if p.Limit != 0 {
		text += fmt.Sprintf(", limit %d", p.Limit)
	}
	if p.Rate != 0 {
		text += ", rate " + number(p.Rate) + "/s"
	}
	if p.Impairments != "" {
		text += ", " + p.Impairments
	}
	if p.Settings != "" {
		text += ", " + p.Settings
	}
	if c := p.connection(); c != "" {
		text += ", " + c
	}
	if p.Scenario != "" {
		text = p.scenarioPart() + ": " + text
	}
	return text
}

// order ranks names by their place in a vocabulary; names it does not know
// follow, by alphabet. The zero value ranks everything by alphabet.
type order map[string]int

func newOrder(terms []results.Term) order {
	o := make(order, len(terms))
	for i, t := range terms {
		if _, seen := o[t.Name]; !seen {
			o[t.Name] = i
		}
	}
	return o
}

func (o order) compare(a, b string) int {
	ia, knownA := o[a]
	ib, knownB := o[b]
	switch {
	case knownA && knownB:
		return cmp.Compare(ia, ib)
	case knownA:
		return -1
	case knownB:
		return 1
	}
	return cmp.Compare(a, b)
}

// sort puts the names in order and drops repetitions.
func (o order) sort(names []string) []string {
	slices.SortFunc(names, o.compare)
	return slices.Compact(names)
}

// comparePoints puts the strategies of the same conditions side by side.
func comparePoints(a, b Point, strategies, clients order) int {
	return cmp.Or(
		cmp.Compare(a.Scenario, b.Scenario),
		cmp.Compare(a.Part, b.Part),
		cmp.Compare(a.connection(), b.connection()),
		clients.compare(a.Client, b.Client),
		cmp.Compare(a.Loss, b.Loss),
		cmp.Compare(a.Limit, b.Limit),
		cmp.Compare(a.Rate, b.Rate),
		cmp.Compare(a.Impairments, b.Impairments),
		cmp.Compare(a.Concurrency, b.Concurrency),
		cmp.Compare(a.BodyBytes, b.BodyBytes),
		cmp.Compare(a.RTTMs, b.RTTMs),
		strategies.compare(a.Strategy, b.Strategy),
		cmp.Compare(a.Settings, b.Settings),
	)
}
