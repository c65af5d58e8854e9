package table

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/align"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results"
)

// Fit says what a table has room for.
type Fit struct {
	Width  int  // longest line, in columns; 0 is no limit, and a table with every column
	Rows   int  // most rows; 0 is no limit
	Colour bool // whether marks and shares are coloured
	// Programs is true where the points are of servers of other projects.
	Programs bool
}

// WriteFit writes a table of points on lines of at most f.Width columns, the worst
// point first. It has six columns: the strategy, the conditions that differ between
// points, the delivered share, how most answers were lost, the latency of the answer
// and the hold time. Further columns follow where there is room. If the points have
// more rows than f.Rows, it writes the worst condition of each strategy.
func WriteFit(w io.Writer, summaries []*analysis.Summary, f Fit) error {
	b := bufio.NewWriter(w)
	if len(summaries) == 0 {
		fmt.Fprintln(b, "no cells on record")
		return b.Flush()
	}
	t := newFitTable(summaries, f)
	for _, line := range t.heading() {
		fmt.Fprintln(b, line)
	}
	if err := t.writeRows(b); err != nil {
		return err
	}
	for _, line := range t.footing() {
		fmt.Fprintln(b, line)
	}
	return b.Flush()
}

// fitTable is a table that is fitted to a width.
type fitTable struct {
	Fit
	all  []*analysis.Summary // of all points
	rows []*analysis.Summary // shown, worst first
	// worst is true where a row is the worst condition of its strategy.
	worst   bool
	left    int                   // strategies without a row
	varying []*results.Coordinate // in which the rows differ
}

func newFitTable(summaries []*analysis.Summary, f Fit) *fitTable {
	t := &fitTable{Fit: f, all: summaries, rows: worstFirst(summaries)}
	if f.Rows > 0 && len(t.rows) > f.Rows && ManyStrategies(summaries) {
		t.worst, t.rows = true, worstOfEach(t.rows)
	}
	if f.Rows > 0 && len(t.rows) > f.Rows {
		t.left = len(t.rows) - f.Rows
		t.rows = t.rows[:f.Rows]
	}
	t.varying = varying(t.rows)
	return t
}

// worstOfEach returns the first summary of each strategy.
func worstOfEach(ordered []*analysis.Summary) []*analysis.Summary {
	seen := map[string]bool{}
	return analysis.Where(ordered, func(s *analysis.Summary) bool {
		first := !seen[s.Strategy]
		seen[s.Strategy] = true
		return first
	})
}

// varying returns the coordinates, besides the strategy, in which points differ.
func varying(summaries []*analysis.Summary) []*results.Coordinate {
	var found []*results.Coordinate
	for i := range results.Coordinates {
		c := &results.Coordinates[i]
		if c.Name != "strategy" && analysis.Any(summaries, func(s *analysis.Summary) bool { return c.Value(&s.Point) != c.Value(&summaries[0].Point) }) {
			found = append(found, c)
		}
	}
	return found
}

// noun is what the first column names.
func (t *fitTable) noun() string {
	if t.Programs {
		return "server"
	}
	return "strategy"
}

// heading says what rows are, and the conditions that all rows share.
func (t *fitTable) heading() []string {
	except := []string{"strategy"}
	for _, c := range t.varying {
		except = append(except, c.Name)
	}
	same := ""
	if t.Width > 0 { // a wide table has columns for them
		same = t.rows[0].Point.Phrases(except...)
	}
	text := ""
	if t.worst {
		text = fmt.Sprintf("Each %s at its worst of %s", t.noun(), words.Plural(t.conditions(), "condition"))
	}
	switch {
	case text == "" && same != "":
		text = "All with " + same
	case same != "":
		text += "; all rows: " + same
	}
	if text == "" {
		return nil
	}
	return t.wrap(text + ":")
}

// legend explains the marks of rows.
func (f Fit) legend(rows []*analysis.Summary) []string {
	var marks []string
	for _, m := range []mark{losesMark, someMark, invalidMark} {
		if analysis.Any(rows, func(s *analysis.Summary) bool { return markOf(s) == m }) {
			marks = append(marks, m.sign+" "+m.meaning)
		}
	}
	if len(marks) == 0 {
		return nil
	}
	return f.wrap(strings.Join(marks, "; ") + ".")
}

// wrap breaks a text into lines as long as those of the table.
func (f Fit) wrap(text string) []string {
	return words.Wrap(text, cmp.Or(f.Width, defaultWidth), "")
}

// defaultWidth is the width of text around a table of any width.
const defaultWidth = 80

// conditions counts the conditions of all points.
func (t *fitTable) conditions() int {
	seen := map[results.Point]bool{}
	for _, s := range t.all {
		seen[s.Conditions()] = true
	}
	return len(seen)
}

// footing explains the marks, and says what is not shown.
func (t *fitTable) footing() []string {
	lines := t.legend(t.rows)
	switch {
	case t.left > 0 && t.worst:
		lines = append(lines, t.wrap(fmt.Sprintf("%s more, which lose less; --all shows all %s.", words.Plural(t.left, t.noun()), words.Plural(len(t.all), "point")))...)
	case t.left > 0:
		lines = append(lines, t.wrap(fmt.Sprintf("%s more, which lose less; --all shows them.", words.Plural(t.left, "point")))...)
	case t.worst:
		lines = append(lines, t.wrap(fmt.Sprintf("--all shows all %s.", words.Plural(len(t.all), "point")))...)
	}
	return lines
}

// fitColumn is a column with its cells as text.
type fitColumn struct {
	head  [2]string // two lines
	cells []string
	left  bool
	gap   int  // spaces before it
	cut   bool // whether its cells may be cut
	share bool // whether it has the colour of the mark
}

func (c *fitColumn) width() int {
	w := max(utf8.RuneCountInString(c.head[0]), utf8.RuneCountInString(c.head[1]))
	for _, cell := range c.cells {
		w = max(w, utf8.RuneCountInString(cell))
	}
	return w
}

// fullness is how much a table shows. Each field adds to the width.
type fullness struct {
	losing   bool // how many conditions of a strategy lose answers
	gap      int  // spaces between columns
	losses   int  // 0: the most frequent outcome; 1: with its share; 2: the others too
	decimals int  // of shares, except near 0 and 100%
	extra    int  // number of further columns
}

// columns returns the columns of a table of that fullness.
func (t *fitTable) columns(f fullness) []*fitColumn {
	column := func(head, unit string, left bool, text func(*analysis.Summary) string) *fitColumn {
		c := &fitColumn{head: [2]string{head, unit}, left: left, gap: f.gap}
		for _, s := range t.rows {
			cell := words.None
			if s.Valid() {
				cell = text(s)
			}
			c.cells = append(c.cells, cell)
		}
		return c
	}
	name := column(t.noun(), "", true, func(s *analysis.Summary) string { return s.Strategy })
	for i, s := range t.rows {
		name.cells[i] = s.Strategy
	}
	name.cut, name.gap = true, 1
	all := append([]*fitColumn{name}, t.conditionColumns(f.gap)...)
	if f.losing {
		head := "loses"
		if !t.decided() {
			head = "lost"
		}
		all = append(all, column(head, "at", false, t.losing))
	}
	share := column("deli-", "vered", false, func(s *analysis.Summary) string { return narrowShare(s, f.decimals) })
	bounds := column("%", "95% interval", true, func(s *analysis.Summary) string { return narrowInterval(s, f.decimals) })
	if slices.ContainsFunc(bounds.cells, func(c string) bool { return c != "" && c != words.None }) {
		share.head, bounds.head = [2]string{"", "%"}, [2]string{"delivered", "[95%]"}
	} else {
		share.head, bounds = [2]string{"delivered", "%"}, nil
	}
	share.share = true
	all = append(all, share)
	if bounds != nil {
		for i, s := range t.rows {
			if !s.Valid() {
				bounds.cells[i] = ""
			}
		}
		bounds.gap, bounds.share = 1, true
		all = append(all, bounds)
	}
	lost := column("lost as", "", true, func(s *analysis.Summary) string { return narrowLoss(s, f.losses) })
	lost.cut = true
	for i, s := range t.rows {
		if !s.Valid() {
			lost.cells[i] = invalidReason(s)
		}
	}
	if f.losses > 0 {
		lost.head[1] = "%"
	}
	all = append(all, lost,
		column("p50/p99", "ms", false, func(s *analysis.Summary) string {
			if s.Response.Count == 0 {
				return words.None
			}
			return short(s.Response.P50) + "/" + short(s.Response.P99)
		}),
		t.cost(column))
	for _, c := range t.extras()[:f.extra] {
		all = append(all, column(c.Head, c.Unit, c.Left, c.Cell))
	}
	// A column without any figure, such as the hold time of a server without a
	// ledger, has nothing to show.
	return slices.DeleteFunc(all, func(c *fitColumn) bool {
		return !slices.ContainsFunc(c.cells, func(cell string) bool { return cell != "" && cell != words.None })
	})
}

// cost returns the column of what a rejection costs: how long it holds a connection,
// or for servers without a ledger its CPU time.
func (t *fitTable) cost(column func(head, unit string, left bool, text func(*analysis.Summary) string) *fitColumn) *fitColumn {
	if t.hasHold() {
		return column("hold", "ms", false, func(s *analysis.Summary) string {
			if s.HoldMs.Count == 0 {
				return words.None
			}
			return short(s.HoldMs.Mean)
		})
	}
	return column("cpu", "us", false, func(s *analysis.Summary) string {
		if s.CPUUs == 0 {
			return words.None
		}
		return short(s.CPUUs)
	})
}

// hasHold reports whether a point has a hold time.
func (t *fitTable) hasHold() bool {
	return analysis.Any(t.rows, func(s *analysis.Summary) bool { return s.HoldMs.Count > 0 })
}

// conditionColumns returns the coordinates that vary, side by side with one space
// between them.
func (t *fitTable) conditionColumns(gap int) []*fitColumn {
	var all []*fitColumn
	for _, v := range t.varying {
		_, text := v.Value(&results.Point{}).(string)
		c := &fitColumn{head: [2]string{v.Head, ""}, left: text, gap: 1, cut: text}
		if len(all) == 0 {
			c.gap = gap
		}
		for _, s := range t.rows {
			cell := v.TextWithUnit(&s.Point)
			if !text {
				cell = strings.ReplaceAll(cell, " ", "")
			}
			c.cells = append(c.cells, cmp.Or(cell, words.None))
		}
		all = append(all, c)
	}
	return all
}

// extras returns the further columns, the most useful first.
func (t *fitTable) extras() []Column {
	var found []Column
	all := Columns(t.all)
	keys := []string{"rejected", "cpu_us", "valid_rounds", "then_reset_share", "fate_" + results.ArrivedNotRead.String(), "fate_" + results.LostOnPath.String(), "unclosed_share", "tcp_" + results.AbortOnClose, "tcp_" + results.AbortOnData, "attempts"}
	for _, key := range keys {
		if key == "cpu_us" && !t.hasHold() {
			continue // it has a column already
		}
		if i := slices.IndexFunc(all, func(c Column) bool { return c.Fields[0].Key == key }); i >= 0 {
			found = append(found, all[i])
		}
	}
	return found
}

// decided reports whether a point has an interval.
func (t *fitTable) decided() bool {
	return analysis.Any(t.all, func(s *analysis.Summary) bool { return s.Delivered.HasInterval() })
}

// losing tells at how many of its conditions the strategy of s loses answers, or where
// no share has an interval, lost some.
func (t *fitTable) losing(s *analysis.Summary) string {
	of := analysis.Where(analysis.OfStrategy(t.all, s.Strategy), (*analysis.Summary).HasShare)
	if len(of) == 0 {
		return words.None
	}
	decided := t.decided()
	loses := analysis.Where(of, func(o *analysis.Summary) bool { return markOf(o) == losesMark || !decided && markOf(o) == someMark })
	return fmt.Sprintf("%d/%d", len(loses), len(of))
}

// fitted returns the columns of the fullest table that fits, and their widths.
func (t *fitTable) fitted() ([]*fitColumn, []int) {
	f := fullness{gap: 1}
	columns := t.columns(f)
	steps := []func(*fullness){
		func(f *fullness) { f.losing = t.worst },
		func(f *fullness) { f.gap = 2 },
		func(f *fullness) { f.losses = 1 },
		func(f *fullness) { f.decimals = 1 },
		func(f *fullness) { f.losses = 2 },
	}
	for range t.extras() {
		steps = append(steps, func(f *fullness) { f.extra++ })
	}
	for _, step := range steps {
		more := f
		step(&more)
		if c := t.columns(more); lineWidth(c) <= t.Width {
			f, columns = more, c
		}
	}
	widths := widthsOf(columns)
	squeeze(columns, widths, t.Width)
	return columns, widths
}

func widthsOf(columns []*fitColumn) []int {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = c.width()
	}
	return widths
}

// minCut is the least width of a column whose cells are cut.
const minCut = 8

// squeeze makes the widest columns of text narrower until a line fits.
func squeeze(columns []*fitColumn, widths []int, width int) {
	total := lineWidth(columns)
	for total > width {
		widest := -1
		for i, c := range columns {
			if c.cut && widths[i] > minCut && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
		total--
	}
}

// lineWidth is the length of a line with the mark in front.
func lineWidth(columns []*fitColumn) int {
	n := 1
	for _, c := range columns {
		n += c.gap + c.width()
	}
	return n
}

func (t *fitTable) writeRows(w io.Writer) error {
	if t.Width == 0 {
		return t.writeWide(w)
	}
	columns, widths := t.fitted()
	for line := range 2 {
		var text strings.Builder
		text.WriteString(" ")
		for i, c := range columns {
			text.WriteString(strings.Repeat(" ", c.gap) + pad(c.head[line], widths[i], c.left))
		}
		if trimmed := strings.TrimRight(text.String(), " "); trimmed != "" {
			fmt.Fprintln(w, words.Cut(trimmed, t.Width))
		}
	}
	for row, s := range t.rows {
		m := markOf(s)
		parts := []string{cmp.Or(m.sign, " ")}
		plain := parts[0]
		parts[0] = t.paint(parts[0], m)
		for i, c := range columns {
			cell := strings.Repeat(" ", c.gap) + pad(words.Cut(c.cells[row], widths[i]), widths[i], c.left)
			plain += cell
			if c.share {
				cell = t.paint(cell, m)
			}
			parts = append(parts, cell)
		}
		if utf8.RuneCountInString(plain) > t.Width { // a terminal of very few columns
			fmt.Fprintln(w, words.Cut(strings.TrimRight(plain, " "), t.Width))
			continue
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(parts, ""), " "))
	}
	return nil
}

// writeWide writes every column, on lines as long as they need.
func (t *fitTable) writeWide(w io.Writer) error {
	columns := Columns(t.all)
	head, units, left := []string{"  " + columns[0].Head}, []string{columns[0].Unit}, []bool{true}
	for _, c := range columns[1:] {
		head, units, left = append(head, c.Head), append(units, c.Unit), append(left, c.Left)
	}
	rows := [][]string{head, units}
	for _, s := range t.rows {
		row := []string{cmp.Or(markOf(s).sign, " ") + " " + columns[0].Cell(s)}
		for _, c := range columns[1:] {
			row = append(row, c.Cell(s))
		}
		if !s.Valid() {
			row[len(row)-1] = "INVALID: " + invalidReason(s)
		}
		rows = append(rows, row)
	}
	var b bytes.Buffer
	if err := align.Write(&b, rows, left); err != nil {
		return err
	}
	for i, line := range strings.SplitAfter(b.String(), "\n") {
		if row := i - 2; row >= 0 && row < len(t.rows) {
			if m := markOf(t.rows[row]); m.sign != "" {
				line = t.paint(m.sign, m) + strings.TrimPrefix(line, m.sign)
			}
		}
		if _, err := io.WriteString(w, line); err != nil {
			return fmt.Errorf("write a table: %w", err)
		}
	}
	return nil
}

// paint gives a text the colour of a mark.
func (f Fit) paint(text string, m mark) string {
	if !f.Colour || m.colour == "" {
		return text
	}
	return "\x1b[" + m.colour + "m" + text + "\x1b[0m"
}

func pad(text string, width int, left bool) string {
	space := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
	if left {
		return text + space
	}
	return space + text
}

// narrowDecimals is the number of decimals that a share and its bounds need: at
// least least, and one where one of them lies within 1% of 0 or 100%.
func narrowDecimals(s *analysis.Summary, least int) int {
	d := s.Delivered
	values := []float64{d.Value}
	if d.HasInterval() {
		values = append(values, d.Low, d.High)
	}
	for _, v := range values {
		if v > 0 && v < 0.01 || v > 0.99 && v < 1 {
			return max(least, 1)
		}
	}
	return least
}

func narrowShare(s *analysis.Summary, decimals int) string {
	if !s.Delivered.Known() {
		return words.None
	}
	return words.PercentWith(s.Delivered.Value, narrowDecimals(s, decimals))
}

func narrowInterval(s *analysis.Summary, decimals int) string {
	d := s.Delivered
	if !d.Known() || !d.HasInterval() {
		return ""
	}
	n := narrowDecimals(s, decimals)
	return "[" + words.PercentWith(d.Low, n) + ", " + words.PercentWith(d.High, n) + "]"
}

// narrowLoss names how answers were lost: the most frequent outcome alone, with its
// share, or with the other outcomes.
func narrowLoss(s *analysis.Summary, losses int) string {
	all := s.Losses()
	switch {
	case losses == 2:
		return lossCell(s)
	case len(all) == 0:
		return ""
	case losses == 1:
		return all[0].Outcome.String() + " " + words.PercentWith(all[0].Share.Value, 0)
	}
	return all[0].Outcome.String()
}

// invalidReason is the reason of the last round without a valid try.
func invalidReason(s *analysis.Summary) string {
	if len(s.Invalid) == 0 {
		return ""
	}
	return s.Invalid[len(s.Invalid)-1].Reason
}

// short formats milliseconds with two or more digits, for a narrow column.
func short(v float64) string {
	switch {
	case v >= 9.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 0.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}
