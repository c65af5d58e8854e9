package tune

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rejectbench/rejectbench/analysis/internal/align"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

const (
	columns  = 80 // width of the text
	maxLines = 12 // of the answer
)

// Write writes a tuning as text: the answer, then the corners, then the values on the
// way.
func Write(w io.Writer, t *Tuning) error {
	var b strings.Builder
	for _, line := range t.answer() {
		b.WriteString(line + "\n")
	}
	if err := t.cornerTables(&b); err != nil {
		return err
	}
	if len(t.Candidates) > 0 {
		b.WriteString("\n")
		if err := t.table(&b); err != nil {
			return err
		}
		wrap(&b, "", fmt.Sprintf("Bounds hold with %s%% confidence each, as far as another run on this machine is like the rounds of this one (%s).",
			units.Number(t.Confidence*100), t.methods()))
	}
	if t.Chosen != nil {
		t.costs(&b)
		t.equivalents(&b)
	}
	fmt.Fprintf(&b, "\nmeasured in %.0f s: %s (%d invalid), %d attempts\n", t.Seconds, words.Plural(t.Cells, "cell"), t.Invalid, t.Attempts)
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Tuning) methods() string {
	if len(t.Clients) > 1 && t.Clients[0].Weight < 1 {
		return "Wilson, by the dispersion of the rounds; of the mix by MOVER"
	}
	return "Wilson, by the dispersion of the rounds"
}

// wrap writes a sentence in lines of at most 80 columns. The first begins with indent.
func wrap(b *strings.Builder, indent, text string) {
	width := len([]rune(indent))
	for _, line := range words.Wrap(text, columns-width, "") {
		b.WriteString(indent + line + "\n")
		indent = strings.Repeat(" ", width)
	}
}

// answer returns the lines that say what to do, at most maxLines.
func (t *Tuning) answer() []string {
	var b strings.Builder
	for _, sentence := range t.sentences() {
		wrap(&b, "", sentence)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	b.Reset()
	wrap(&b, "", t.notTried())
	ends := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	servers := t.serverLines()
	if room := maxLines - len(lines) - len(ends); len(servers) > room && room > 0 {
		more := len(servers) - room + 1
		servers = append(servers[:room-1], fmt.Sprintf("%s more: see the tables", words.Plural(more, "line")))
	}
	return slices.Concat(lines, servers, ends)
}

func (t *Tuning) sentences() []string {
	var all []string
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	own := t.own()
	switch {
	case t.Advice == LeaveDefault:
		say("Leave %s as it is: %s.", t.subject(), t.delivers(own.AsIs))
		if own.Setting != "" {
			say("%s has its default, %s.", own.Setting, own.Default)
		}
	case t.Chosen != nil:
		say("Set %s: %s.", t.line(), t.delivers(t.Chosen))
		if t.Edge != nil && t.Edge.Value != t.Chosen.Value {
			say("%s is the cheapest that passed; the margin is a factor of %s.", t.Edge.Text, units.Number(t.Margin))
		}
		if t.Neighbor != nil {
			what := "It no longer holds at"
			if t.Neighbor.Verdict != misses {
				what = "Undecided is"
			}
			say("%s %s: %s.", what, t.Neighbor.Text, t.fails(t.Neighbor))
		} else {
			say("Half of it, or twice for a limit, lies outside of the range of values.")
		}
		if t.Server != "" && own.AsIs != nil {
			say("The default (%s): %s.", own.Default, t.fails(own.AsIs))
		}
	case t.Advice != NothingHelps && t.Unfinished != "":
		say("No answer: %s.", t.Unfinished)
	case t.Setting == "":
		what := "does not reach"
		if own.AsIs == nil || own.AsIs.Verdict != misses {
			what = "is not shown to reach"
		}
		say("%s %s %s: %s.", t.subject(), what, t.target(), t.fails(own.AsIs))
	default:
		where := ""
		if n := len(t.Corners); n > 1 {
			where = fmt.Sprintf(" in all %d corners", n)
		}
		say("No value of %s reaches %s%s with %s%% confidence%s.", t.Setting, t.target(), t.objective(), units.Number(t.Confidence*100), where)
	}
	if t.Server != "" && t.Advice == NothingHelps {
		if t.Setting != "" {
			say("As it is, %s: %s.", t.subject(), t.fails(own.AsIs))
		}
		all = append(all, t.alternatives(own)...)
	}
	if (t.Chosen != nil || t.Advice == NothingHelps) && t.Unfinished != "" {
		say("Unfinished: %s.", t.Unfinished)
	}
	if t.Best != nil && t.Server == "" {
		say("Best seen: %s %s, %s%s.", t.Setting, t.Best.Text, t.fails(t.Best), t.objective())
	}
	return all
}

// own is the verification of the server that was tuned; the zero value for the
// reference server.
func (t *Tuning) own() *Verification {
	if t.Server != "" && len(t.Servers) > 0 {
		return &t.Servers[0]
	}
	return new(Verification)
}

// subject names what was tuned.
func (t *Tuning) subject() string {
	if t.Server == "" {
		return t.Point.Strategy
	}
	return strings.TrimSpace(t.Server + " " + t.own().Version)
}

// line is the chosen value as it is set.
func (t *Tuning) line() string {
	if d := t.own().Directive; d != "" {
		return fmt.Sprintf("%s (%s)", d, t.subject())
	}
	return fmt.Sprintf("%s %s (%s)", t.Setting, t.Chosen.Text, t.subject())
}

// delivers says what a candidate delivers in the worst corner.
func (t *Tuning) delivers(c *Candidate) string {
	text := oneSided(c.Share) + "% delivered"
	switch {
	case len(t.Corners) < 2:
	case c.Share == 1:
		text += fmt.Sprintf(" in all %d corners", len(t.Corners))
	default:
		text += fmt.Sprintf(" in the worst of %d corners (%s)", len(t.Corners), t.corner(c.Corner))
	}
	text += fmt.Sprintf(", at least %s%% with %s%% confidence (n=%d)", oneSided(c.Low), units.Number(t.Confidence*100), c.N)
	if t.ObjectiveMs > 0 {
		text += ", admitted p99 " + c.p99()
	}
	return text
}

// fails says what a candidate delivers in the corner that decides.
func (t *Tuning) fails(c *Candidate) string {
	if c == nil {
		return "not measured"
	}
	text := fmt.Sprintf("%s%% of %d delivered", oneSided(c.Share), c.N)
	if len(t.Corners) > 1 {
		text += " at " + t.corner(c.Corner)
	}
	if t.ObjectiveMs > 0 {
		text += ", admitted p99 " + c.p99()
	}
	return text + ", which " + verdictPhrase[c.Verdict] + " " + t.target()
}

// alternatives say what helps where no value of a server does.
func (t *Tuning) alternatives(v *Verification) (all []string) {
	var good, bad []string
	for _, o := range v.Others {
		if o.Verdict == meets {
			good = append(good, o.Text)
		} else {
			bad = append(bad, fmt.Sprintf("%s (%s%%)", o.Text, oneSided(o.Share)))
		}
	}
	if len(good) > 0 {
		all = append(all, "It is reached in all corners by "+words.List(good)+".")
	}
	if len(bad) > 0 {
		all = append(all, "Not by "+words.List(bad)+".")
	}
	if v.Otherwise != "" {
		all = append(all, "What else may help, not measured here: "+strings.TrimSuffix(v.Otherwise, ".")+".")
	}
	return all
}

// notTried says where the range of the answer ends.
func (t *Tuning) notTried() string {
	if len(t.Corners) == 0 {
		return "Nothing beyond " + t.Point.Phrases("strategy", "client") + " was tried."
	}
	top := func(name string) string {
		c := results.CoordinateByName(name)
		most := slices.MaxFunc(t.Corners, func(a, b results.Point) int { return compareValues(c.Value(&a), c.Value(&b)) })
		return c.TextWithUnit(&most)
	}
	clients := make([]string, 0, len(t.Clients))
	for _, c := range t.Clients {
		clients = append(clients, c.Client)
	}
	return fmt.Sprintf("Not tried: round trips above %s, bodies above %s, loss above %s, clients other than %s, concurrency above %s.",
		top("rtt"), top("body"), top("loss"), words.List(clients), top("concurrency"))
}

func compareValues(a, b any) int {
	number := func(v any) float64 {
		switch v := v.(type) {
		case int64:
			return float64(v)
		case float64:
			return v
		}
		return 0
	}
	switch x, y := number(a), number(b); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// serverLines are the lines on the servers beside the reference server.
func (t *Tuning) serverLines() (lines []string) {
	if t.Server != "" {
		return nil
	}
	var missing []string
	for i := range t.Servers {
		v := &t.Servers[i]
		if v.AsIs == nil && v.Set == nil {
			if v.Directive != "" {
				missing = append(missing, fmt.Sprintf("%s (%s)", v.Server, v.NotVerified))
			}
			continue
		}
		var b strings.Builder
		wrap(&b, v.Server+" "+v.Version+": ", t.serverLine(v))
		lines = append(lines, strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")...)
	}
	if len(missing) > 0 {
		var b strings.Builder
		wrap(&b, "Not verified here: ", strings.Join(missing, ", "))
		lines = append(lines, strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")...)
	}
	return lines
}

func (t *Tuning) serverLine(v *Verification) string {
	share := func(c *Candidate) string {
		if c == nil {
			return "not measured"
		}
		text := oneSided(c.Share) + "%"
		if c.Verdict != meets && len(t.Corners) > 1 {
			text += " at " + t.corner(c.Corner)
		}
		return text
	}
	both := fmt.Sprintf("%s; %s: %s", share(v.AsIs), strings.TrimSuffix(v.Directive, ";"), share(v.Set))
	switch v.Advice() {
	case LeaveDefault:
		return fmt.Sprintf("leave %s at %s (%s)", v.Setting, v.Default, both)
	case SetIt:
		return fmt.Sprintf("set %s (as it is %s)", v.Directive, both)
	case NothingHelps:
		return fmt.Sprintf("%s does not help (as it is %s)", v.Setting, both)
	}
	return fmt.Sprintf("not decided (as it is %s): %s", both, v.NotVerified)
}

// corner names a corner by the coordinates in which the corners differ.
func (t *Tuning) corner(i int) string {
	if i >= len(t.Corners) {
		return ""
	}
	var phrases []string
	for k := range results.Coordinates {
		c := &results.Coordinates[k]
		if t.varies(c) {
			phrases = append(phrases, c.Words(&t.Corners[i]))
		}
	}
	return strings.Join(phrases, ", ")
}

func (t *Tuning) varies(c *results.Coordinate) bool {
	return slices.ContainsFunc(t.Corners, func(p results.Point) bool { return c.Value(&p) != c.Value(&t.Corners[0]) })
}

// cornerTables list the delivered share of each measured configuration in each
// corner, as many configurations beside each other as fit.
func (t *Tuning) cornerTables(b *strings.Builder) error {
	type column struct {
		head string
		of   *Candidate
	}
	var all []column
	add := func(head string, c *Candidate) {
		if c != nil {
			all = append(all, column{head, c})
		}
	}
	if t.Server == "" {
		add(strings.TrimSpace(t.Setting), t.Chosen)
		if n := len(all); n > 0 {
			all[n-1].head += " " + t.Chosen.Text
		}
	}
	for i := range t.Servers {
		v := &t.Servers[i]
		add(v.Server+" as is", v.AsIs)
		if v.Set != nil {
			add(v.Set.Text, v.Set)
		}
		for k := range v.Others {
			add(v.Others[k].Text, &v.Others[k])
		}
	}
	if len(t.Corners) < 2 && len(t.Servers) == 0 {
		return nil
	}
	label := 10
	for i := range t.Corners {
		label = max(label, len(t.corner(i)))
	}
	for len(all) > 0 {
		width, n := label, 0
		for n < len(all) && (n == 0 || width+2+max(len(all[n].head), 9) <= columns) {
			width += 2 + max(len(all[n].head), 9)
			n++
		}
		head := []string{"delivered %"}
		for _, c := range all[:n] {
			head = append(head, c.head)
		}
		rows := [][]string{head}
		for i := range t.Corners {
			name := t.corner(i)
			if name == "" {
				name = "all"
			}
			row := []string{name}
			for _, c := range all[:n] {
				row = append(row, c.of.at(i))
			}
			rows = append(rows, row)
		}
		b.WriteByte('\n')
		if err := align.Write(b, rows, slices.Repeat([]bool{true}, len(head))); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// at returns the share in a corner, with a sign where it misses the target.
func (c *Candidate) at(corner int) string {
	for _, r := range c.Corners {
		if r.Corner == corner {
			text := oneSided(r.Share)
			switch r.Verdict {
			case misses:
				text += " !"
			case undecided, unconfirmed:
				text += " ?"
			}
			return text
		}
	}
	return words.None
}

// target writes the target as the user gave it, not rounded.
func (t *Tuning) target() string { return fmt.Sprintf("%.10g%%", t.Target*100) }

func (t *Tuning) objective() string {
	if t.ObjectiveMs == 0 {
		return ""
	}
	return " and an admitted p99 response time of at most " + units.Number(t.ObjectiveMs) + " ms"
}

func (t *Tuning) conditions() string {
	var clients []string
	for _, c := range t.Clients {
		name := c.Client
		if len(t.Clients) > 1 && c.Weight < 1 {
			name += " " + units.Number(c.Weight*100) + "%"
		}
		clients = append(clients, name)
	}
	text := strings.Join(clients, " and ") + " client, "
	if len(t.Corners) > 1 {
		return text + fmt.Sprintf("the worst of %d corners", len(t.Corners))
	}
	return text + t.Point.Phrases("strategy", "client")
}

var verdictPhrase = map[Verdict]string{
	meets: "meets", misses: "misses", passes: "may reach", undecided: "is not shown to reach", unconfirmed: "is not shown to reach",
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
	if c.Rounds < results.LeastRounds {
		return words.None // one round has no interval
	}
	return "[" + oneSided(c.Low) + ", " + oneSided(c.High) + "]"
}

// table lists the candidates in the order of their verdicts.
func (t *Tuning) table(b *strings.Builder) error {
	head := []string{"value", "phase"}
	if len(t.Corners) > 1 {
		head = append(head, "worst corner")
	}
	head = append(head, "n", "delivered %", "bounds %")
	switch {
	case t.ObjectiveMs > 0:
		head = append(head, "p99 ms")
	case len(t.Corners) < 2:
		head = append(head, "held ms")
	}
	rows := [][]string{append(head, "verdict")}
	for _, c := range t.Candidates {
		row := []string{c.Text, string(c.Phase)}
		if len(t.Corners) > 1 {
			row = append(row, t.shortCorner(c.Corner))
		}
		row = append(row, strconv.FormatInt(c.N, 10), oneSided(c.Share), oneSidedInterval(&c))
		figure := c.Cost.HoldMs
		if t.ObjectiveMs > 0 {
			figure = c.P99Ms
		}
		switch {
		case t.ObjectiveMs == 0 && len(t.Corners) > 1:
		case figure > 0:
			row = append(row, units.Number(figure))
		default:
			row = append(row, words.None)
		}
		rows = append(rows, append(row, string(c.Verdict)))
	}
	return align.Write(b, rows, slices.Repeat([]bool{true}, len(rows[0])))
}

// shortCorner is corner without the names of the coordinates.
func (t *Tuning) shortCorner(i int) string {
	if i >= len(t.Corners) {
		return ""
	}
	var texts []string
	for k := range results.Coordinates {
		if c := &results.Coordinates[k]; t.varies(c) {
			texts = append(texts, strings.ReplaceAll(c.TextWithUnit(&t.Corners[i]), " ", ""))
		}
	}
	return strings.Join(texts, " ")
}

func (t *Tuning) costs(b *strings.Builder) {
	c := t.Chosen.Cost
	b.WriteByte('\n')
	if t.Server != "" {
		wrap(b, "", fmt.Sprintf("A rejection costs %s us of the server's CPU time.", units.Number(c.CPUUs)))
		return
	}
	wrap(b, "", fmt.Sprintf("A rejection costs %s descriptor-ms (p99 %s ms), %s us of the server's CPU time and %s read and thrown away.",
		units.Number(c.HoldMs), units.Number(c.HoldP99Ms), units.Number(c.CPUUs), units.Size(int64(c.DrainedBytes))))
	switch {
	case t.HoldUnknown:
		wrap(b, "", "This program does not bound how long a hostile client can hold a rejected connection.")
	case t.HoldBound == "":
		wrap(b, "", "A hostile client cannot hold a rejected connection: the strategy waits for nothing.")
	default:
		wrap(b, "", fmt.Sprintf("A hostile client that sends a byte at a time holds a descriptor for %s ms, by %s.", units.Number(t.HoldBoundMs), t.HoldBound))
	}
}

func (t *Tuning) equivalents(b *strings.Builder) {
	if len(t.Equivalents) == 0 {
		return
	}
	b.WriteString("\nin other servers' words\n")
	for _, w := range t.Equivalents {
		text := w.Directive
		if text == "" {
			text = "none"
		}
		var notes []string
		for _, note := range []string{w.Steps, w.Note} {
			if note != "" {
				notes = append(notes, note)
			}
		}
		if len(notes) > 0 {
			text += " (" + strings.Join(notes, "; ") + ")"
		}
		wrap(b, "  "+w.Server+": ", text)
	}
}
