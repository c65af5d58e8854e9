// Package tune searches for the cheapest value of a server's setting that reaches a
// target share of delivered answers.
//
// Goal says what has to be reached, and Search which values are measured and when
// the evidence suffices. Tuning is the result: NewCost adds up what a candidate
// costs, Write writes the result as text, and Plot draws it. Package
// cmd/internal/tune measures for the search.
package tune

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/align"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// Tuning is the result of a search: the cheapest value of a setting that reaches
// the target, and every measurement that the answer is based on.
type Tuning struct {
	// Point is what was measured, without its client. Its coordinates are fields of
	// the JSON object.
	Point   results.Point `json:"-"`
	Setting string        `json:"setting,omitempty"`
	Clients []Client      `json:"clients,omitempty"`

	Target      float64 `json:"target"`                 // delivered share of rejections, 0 to 1
	Confidence  float64 `json:"confidence"`             // 0 to 1
	ObjectiveMs float64 `json:"objective_ms,omitempty"` // highest p99 of the response time of admitted requests; 0 is no objective

	// Chosen is the confirmed value, nil where none was confirmed. Neighbor is half of
	// it, or twice for a limit; nil where that is outside of the range.
	Chosen   *Candidate `json:"chosen"`
	Neighbor *Candidate `json:"other"`
	// Best is the value with the best share where no value was confirmed, else nil.
	Best       *Candidate  `json:"best,omitempty"`
	Candidates []Candidate `json:"candidates"` // in the order of their verdicts
	// Unfinished says why the search ended without an answer; empty where it did not.
	Unfinished string `json:"unfinished,omitempty"`

	// HoldBoundMs is the longest time for which a client that keeps sending single
	// bytes can hold a descriptor with the chosen value. HoldBound names the setting
	// that limits it. They are 0 and empty where the strategy does not wait, and where
	// HoldUnknown is set: this program does not bound how long.
	HoldBoundMs float64 `json:"hold_bound_ms"`
	HoldBound   string  `json:"hold_bound"`
	HoldUnknown bool    `json:"-"`

	Equivalents []Equivalent `json:"words"` // the setting in other servers

	Cells    int     `json:"cells"` // measured, invalid ones among them
	Invalid  int     `json:"invalid"`
	Attempts int64   `json:"attempts"`
	Seconds  float64 `json:"seconds"`
}

// Client is one client behaviour and its weight in the mix.
type Client struct {
	Client string  `json:"client"`
	Weight float64 `json:"weight"` // 0 to 1; all weights add up to 1
}

// Candidate is a value of the setting, measured for one purpose.
type Candidate struct {
	Value   int64   `json:"value"` // in nanoseconds, bytes or connections
	Text    string  `json:"text"`  // for readers
	Phase   Phase   `json:"phase"`
	Verdict Verdict `json:"verdict"`
	N       int64   `json:"n"` // rejections
	// Share is the delivered share, 0 to 1, weighted over the clients. Low and High
	// are one-sided bounds of it, each at the tuning's confidence.
	Share float64 `json:"share"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	// Admitted is the number of response times of admitted requests. P99LowMs and
	// P99HighMs bound their 99th percentile by order statistics; a bound is 0 where
	// there are too few.
	Admitted  int64   `json:"admitted,omitempty"`
	P99Ms     float64 `json:"response_p99_ms,omitempty"`
	P99LowMs  float64 `json:"response_p99_low_ms,omitempty"`
	P99HighMs float64 `json:"response_p99_high_ms,omitempty"`
	Cost      Cost    `json:"cost"`
}

// Cost is what a rejection costs the server, weighted over the clients.
type Cost struct {
	HoldMs       float64 `json:"hold_ms"`     // mean, descriptor-milliseconds per rejection
	HoldP99Ms    float64 `json:"hold_p99_ms"` // of the client with the longest
	CPUUs        float64 `json:"cpu_us"`      // of the server, per rejection
	DrainedBytes float64 `json:"drained_bytes"`
}

// Equivalent is the setting in the configuration of another server.
type Equivalent struct {
	Server string `json:"server"`
	// Directive is the line of configuration that sets the chosen value; empty where
	// the server has no such setting.
	Directive string `json:"directive,omitempty"`
	Note      string `json:"note,omitempty"`
	Source    string `json:"source"`
}

// NewCost returns the cost of a rejection in the valid cells of one value.
func NewCost(cells []results.Cell, clients []Client) (cost Cost) {
	var known float64
	for _, client := range clients {
		var of []*results.Cell
		for i, c := range cells {
			if c.Valid && c.Client == client.Client {
				of = append(of, &cells[i])
			}
		}
		all := analysis.CostOf(of)
		drained, ok := all.DrainedPerRejection()
		if !ok {
			continue
		}
		known += client.Weight
		cost.HoldMs += client.Weight * all.HoldMs.Mean
		cost.HoldP99Ms = max(cost.HoldP99Ms, all.HoldMs.P99)
		cost.CPUUs += client.Weight * all.CPUUs
		cost.DrainedBytes += client.Weight * drained
	}
	if known > 0 {
		cost.HoldMs /= known
		cost.CPUUs /= known
		cost.DrainedBytes /= known
	}
	return cost
}

// Write writes a tuning as text.
func Write(w io.Writer, t *Tuning) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s: %s\n\n", t.Setting, t.Point.Strategy, t.conditions())
	switch {
	case t.Chosen != nil:
		fmt.Fprintf(&b, "found %s %s: %s\n", t.Setting, t.Chosen.Text, t.judgement(t.Chosen))
		switch {
		case t.Neighbor == nil:
			b.WriteString("half of it, or twice for a limit, lies outside of the range\n")
		default:
			fmt.Fprintf(&b, "but   %s %s: %s\n", t.Setting, t.Neighbor.Text, t.judgement(t.Neighbor))
		}
	case t.Unfinished != "":
		fmt.Fprintf(&b, "no answer: %s\n", t.Unfinished)
	default:
		fmt.Fprintf(&b, "no value of %s reaches %s%s with %s%% confidence within the range\n", t.Setting, t.target(), t.objective(), units.Number(t.Confidence*100))
	}
	if t.Chosen != nil && t.Unfinished != "" {
		fmt.Fprintf(&b, "unfinished: %s\n", t.Unfinished)
	}
	if t.Best != nil {
		fmt.Fprintf(&b, "best share seen, %s %s: %s\n", t.Setting, t.Best.Text, t.judgement(t.Best))
	}
	b.WriteByte('\n')
	if err := t.table(&b); err != nil {
		return err
	}
	fmt.Fprintf(&b, "Bounds of a share hold with %s%% confidence each (Wilson", units.Number(t.Confidence*100))
	if len(t.Clients) > 1 {
		b.WriteString("; of the mix by MOVER")
	}
	b.WriteString(").\n")
	if t.Chosen != nil {
		t.costs(&b)
		t.equivalents(&b)
	}
	fmt.Fprintf(&b, "\nmeasured in %.0f s: %s (%d invalid), %d attempts\n", t.Seconds, words.Plural(t.Cells, "cell"), t.Invalid, t.Attempts)
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Tuning) conditions() string {
	var clients []string
	for _, c := range t.Clients {
		name := c.Client
		if len(t.Clients) > 1 {
			name += " " + units.Number(c.Weight*100) + "%"
		}
		clients = append(clients, name)
	}
	return strings.Join(clients, " and ") + " client, " + t.Point.Phrases("strategy", "client")
}

// target writes the target as the user gave it, not rounded.
func (t *Tuning) target() string { return fmt.Sprintf("%.10g%%", t.Target*100) }

func (t *Tuning) objective() string {
	if t.ObjectiveMs == 0 {
		return ""
	}
	return " and an admitted p99 response time of at most " + units.Number(t.ObjectiveMs) + " ms"
}

// judgement compares a candidate with the target.
func (t *Tuning) judgement(c *Candidate) string {
	text := fmt.Sprintf("%s%% delivered %s, n=%d", oneSided(c.Share), oneSidedInterval(c), c.N)
	if t.ObjectiveMs > 0 {
		text += ", admitted p99 " + c.p99()
	}
	return text + ": " + verdictPhrase[c.Verdict] + " " + t.target() + t.objective()
}

var verdictPhrase = map[Verdict]string{
	meets: "meets", misses: "misses", passes: "may reach", undecided: "is not shown to reach",
}

func (c *Candidate) p99() string {
	if c.Admitted == 0 {
		return words.None
	}
	low, high := words.None, words.None
	if c.P99LowMs > 0 {
		low = units.Number(c.P99LowMs)
	}
	if c.P99HighMs > 0 {
		high = units.Number(c.P99HighMs)
	}
	return fmt.Sprintf("%s ms [%s, %s], n=%d", units.Number(c.P99Ms), low, high, c.Admitted)
}

// oneSided writes a share with more digits than other tables do, because a target
// may have more nines than they show.
func oneSided(v float64) string { return words.PercentWith(v, tuneDecimals(v)) }

func tuneDecimals(v float64) int {
	if v > 0.999 {
		return 3
	}
	return words.Decimals(v)
}

func oneSidedInterval(c *Candidate) string {
	return "[" + oneSided(c.Low) + ", " + oneSided(c.High) + "]"
}

// table lists the candidates in the order of their verdicts.
func (t *Tuning) table(b *strings.Builder) error {
	head := []string{t.Setting, "phase", "n", "delivered %", "bounds %"}
	if t.ObjectiveMs > 0 {
		head = append(head, "admitted p99")
	}
	rows := [][]string{append(head, "held ms", "p99", "CPU us", "drained", "verdict")}
	for _, c := range t.Candidates {
		row := []string{c.Text, string(c.Phase), strconv.FormatInt(c.N, 10), oneSided(c.Share), oneSidedInterval(&c)}
		if t.ObjectiveMs > 0 {
			row = append(row, c.p99())
		}
		rows = append(rows, append(row, units.Number(c.Cost.HoldMs), units.Number(c.Cost.HoldP99Ms), units.Number(c.Cost.CPUUs),
			units.Size(int64(c.Cost.DrainedBytes)), string(c.Verdict)))
	}
	return align.Write(b, rows, slices.Repeat([]bool{true}, len(rows[0])))
}

func (t *Tuning) costs(b *strings.Builder) {
	c := t.Chosen.Cost
	fmt.Fprintf(b, "\na rejection costs %s descriptor-ms (p99 %s ms), %s us of the server's CPU time and %s read and thrown away\n",
		units.Number(c.HoldMs), units.Number(c.HoldP99Ms), units.Number(c.CPUUs), units.Size(int64(c.DrainedBytes)))
	if t.HoldUnknown {
		b.WriteString("this program does not bound how long a hostile client can hold a rejected connection\n")
		return
	}
	if t.HoldBound == "" {
		b.WriteString("a hostile client cannot hold a rejected connection: the strategy waits for nothing\n")
		return
	}
	fmt.Fprintf(b, "a hostile client that sends a byte at a time holds a descriptor for %s ms, by %s\n", units.Number(t.HoldBoundMs), t.HoldBound)
}

func (t *Tuning) equivalents(b *strings.Builder) {
	b.WriteString("\nin other servers' words\n")
	for _, w := range t.Equivalents {
		text := w.Directive
		if text == "" {
			text = "none"
		}
		if w.Note != "" {
			text += " (" + w.Note + ")"
		}
		fmt.Fprintf(b, "  %s: %s\n", w.Server, text)
	}
}
