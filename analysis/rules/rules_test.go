package rules

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/yamlfile"
)

func TestAnErrorInRulesNamesItsPlaceAndWhatToDo(t *testing.T) {
	rule := func(lines ...string) string { return "rules:\n  - " + strings.Join(lines, "\n    ") + "\n" }
	good := "require: delivered_share >= 99%"
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "1:1: not a rules file: write rules: and below it a list"},
		{"a comment", "# later\n", "1:1: not a rules file"},
		{"no list", "rules:\n", "1:1: no rules: write a list of rules"},
		{"an empty list", "rules: []\n", "1:1: no rules: write a list of rules"},
		{"a list alone", "- require: x\n", "1:1: write keys and values here: rules"},
		{"another key at the top", "rule:\n", `1:1: unknown key "rule": there are rules`},
		{"a rule that is a text", "rules:\n  - delivered\n", "2:5: write keys and values here: name, strategy, client, where, require, confidence, missing"},
		{"an unknown key", rule(good, "wher: rtt > 0"), `3:5: unknown key "wher": there are name,`},
		{"a key twice", rule(good, "name: a", "name: b"), "4:5: duplicate key name, first in line 3: leave one"},
		{"nothing required", rule("name: a"), "2:5: nothing required: write require: with a metric and its bound"},
		{"an empty requirement", rule("require:", "name: a"), "2:13: write a metric and its bound"},
		{"a requirement that is a list", rule("require: [a]"), "2:14: write a metric and its bound"},
		{"an unknown metric", rule("require: deliverd >= 9%"), `2:14: unknown metric "deliverd": the metrics are delivered_share, `},
		{"an unknown outcome", rule("require: share(lost) >= 9%"), `2:14: unknown outcome "lost": the metrics are`},
		{"no operator", rule("require: delivered_share 99%"), "2:30: write one of = != < <= > >= after delivered_share"},
		{"equality", rule("require: delivered_share = 99%"), "2:30: samples cannot show that a figure is exactly one value"},
		{"no value", rule("require: delivered_share >="), "2:32: write a value after delivered_share >="},
		{"a share without its unit", rule("require: delivered_share >= 99"), `2:33: delivered_share: "99" is not a share: write a percentage`},
		{"a share above all", rule("require: delivered_share >= 101%"), `2:33: delivered_share: "101%" is not a share`},
		{"a time for a share", rule("require: delivered_share >= 99ms"), `2:33: delivered_share: "99ms" is not a share`},
		{"a share for a time", rule("require: end_p99_ms < 5%"), `2:27: end_p99_ms: "5%" is not a time: write it with its unit`},
		{"a time without its unit", rule("require: cpu_us<5"), `2:21: cpu_us: "5" is not a time`},
		{"a size for a time", rule("require: hold_ms < 5KiB"), `2:24: hold_ms: "5KiB" is not a time`},
		{"a time for a size", rule("require: drained_bytes < 5ms"), `2:30: drained_bytes: "5ms" is not a size`},
		{"a unit for a number", rule("require: peak_open < 5ms"), `2:26: peak_open: "5ms" is not a number without a unit`},
		{"two requirements", rule("require: hold_ms < 5ms and cpu_us < 1us"), "2:28: a rule has one requirement"},
		{"never", rule("require: delivered_share > 100%"), "2:32: no share is outside 0% to 100%"},
		{"always", rule("require: delivered_share >= 0%"), "2:33: every share is within 0% to 100%"},
		{"never to be shown", rule("require: delivered_share >= 100%"), "2:33: no number of attempts can show delivered_share >= 100%: allow a little"},
		{"below nothing", rule("require: hold_ms < 0s"), "2:24: no hold_ms is below 0"},
		{"an unknown field", rule(good, "where: rrt > 5ms"), `3:12: unknown field "rrt": the fields are strategy, client, rtt,`},
		{"an unknown arrival", rule(good, "where: arrivals = close"), `3:23: unknown arrivals "close": there are spread, poisson, even and closed`},
		{"a field without operator", rule(good, "where: rtt"), "3:15: write one of"},
		{"a field without value", rule(good, "where: rtt >"), "3:17: write a value after rtt >"},
		{"a second field that is wrong", rule(good, "where: rtt > 5ms and body > 1s"), `3:33: body: "1s" is not a size`},
		{"or", rule(good, "where: rtt > 5ms or body > 1"), "3:22: write and between two conditions"},
		{"an order of names", rule(good, "where: client > blocking"), "3:19: client is a name: compare it with = or !="},
		{"tls by another word", rule(good, "where: tls = 1.3"), "3:18: compare tls with on or off"},
		{"impairments by name", rule(good, "where: impairments = jitter"), "3:26: compare impairments with none"},
		{"inside double quotes", rule(good, `where: "rtt > 5"`), `3:19: rtt: "5" is not a time`},
		{"inside single quotes", rule(good, `where: ' rtt > 5'`), `3:20: rtt: "5" is not a time`},
		{"after another script", rule(good, `where: rtt > 5ms and größe > 5`), `3:26: unknown field "größe"`},
		{"inside a folded text", rule(good, "where: >-", "  rtt > 5ms", "  and body > x"), `3:12: character 22: body: "x" is not a size`},
		{"an escaped text", rule(good, `where: "rtt\x20> 5"`), `3:12: character 7: rtt: "5" is not a time`},
		{"no confidence", rule(good, "confidence: high"), `3:17: "high" is not a confidence: write a percentage from 50%`},
		{"certainty", rule(good, "confidence: 100%"), `3:17: "100%" is not a confidence`},
		{"a confidence that says nothing", rule(good, "confidence: 10%"), `3:17: "10%" is not a confidence`},
		{"no word for a missing figure", rule(good, "missing: maybe"), `3:14: "maybe" is not what a missing figure does to a rule: write skip or fail`},
		{"a number for a confidence", rule(good, "confidence: 95"), `3:17: "95" is not a confidence`},
		{"no strategy", rule(good, "strategy: []"), "3:5: no strategy named: name one, or leave strategy out"},
		{"an empty strategy", rule(good, "strategy:"), "3:15: write the name of a strategy"},
		{"a client twice", rule(good, "client: [a, b, a]"), "3:20: duplicate client a"},
		{"a name of two lines", rule(good, `name: "a\nb"`), "3:11: the rule's name has to be one line"},
		{"an alias", "x: &a 1\nrules: *a\n", "1:4: anchors, aliases and tags are not allowed"},
		{"a merge key", rule(good, "<<: 1"), "3:5: anchors, aliases and tags"},
		{"a tag", rule("require: !!str x"), "2:14: anchors, aliases and tags"},
		{"two documents", rule(good) + "---\nrules: []\n", "4:1: a second document"},
		{"not YAML", "rules: [\n", "1:8: not YAML: "},
		{"a tab", "rules:\n\t- a\n", "2:1: not YAML: "},
		{"another encoding", "rules: \xff\n", "1:1: not a text in UTF-8"},
		{"depth", strings.Repeat("[", 20), "1:9: nested deeper than a rules file can be"},
		{"size", strings.Repeat("#", 64<<10+1), "1:1: 65537 bytes are too many"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse("f.yaml", []byte(c.text))
			var place *yamlfile.Error
			if !errors.As(err, &place) || !strings.HasPrefix(err.Error(), "f.yaml:"+c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s\ngives %v\nwant  f.yaml:%s", c.text, err, c.want)
			}
		})
	}
}

func TestRulesAreReadAsWritten(t *testing.T) {
	rules, err := parse("f.yaml", []byte(`# of a gate
rules:
  - require: share(reset-send)<=0.5%
  - name: slow
    strategy: lingering-close
    client: [blocking, "duplex"]
    where: rtt<=100ms and body >0 and loss=0 and rate = 500/s and client != nethttp and concurrency >= 10 and limit = 0
    require: end_p99_ms < 1.5s
    confidence: 99.5%
`))
	if err != nil {
		t.Fatal(err)
	}
	if len(rules) != 2 || rules[0].Line != 3 || rules[1].Line != 4 {
		t.Fatalf("read %+v", rules)
	}
	if r := rules[0]; r.Name != "share(reset-send) <= 0.5%" || r.require.threshold != 0.005 || r.confidence != 0.95 {
		t.Errorf("the first reads %+v", r)
	}
	r := rules[1]
	const says = "end_p99_ms < 1.5s for lingering-close with blocking and duplex where rtt <= 100ms and body > 0 and loss = 0 and " +
		"rate = 500/s and client != nethttp and concurrency >= 10 and limit = 0"
	if r.Name != "slow" || r.describe() != says || r.require.threshold != 1500 || r.confidence != 0.995 {
		t.Errorf("the second reads %+v, says\n%s", r, r.describe())
	}
	c := results.Cell{Point: results.Point{Strategy: "lingering-close", Client: "duplex", RTTMs: 100, BodyBytes: 1, Rate: 500, Concurrency: 10}}
	if !r.matches(&c.Point) {
		t.Error("it does not match a cell of its own")
	}
	for name, spoil := range map[string]func(*results.Cell){
		"strategy":    func(c *results.Cell) { c.Strategy = "close" },
		"client":      func(c *results.Cell) { c.Client = "nethttp" },
		"rtt":         func(c *results.Cell) { c.RTTMs = 100.1 },
		"body":        func(c *results.Cell) { c.BodyBytes = 0 },
		"loss":        func(c *results.Cell) { c.Loss = 0.01 },
		"rate":        func(c *results.Cell) { c.Rate = 0 },
		"concurrency": func(c *results.Cell) { c.Concurrency = 9 },
		"limit":       func(c *results.Cell) { c.Limit = 1 },
	} {
		other := c
		spoil(&other)
		if r.matches(&other.Point) {
			t.Errorf("it matches a cell with another %s", name)
		}
	}
}

// what the cells of a run say of one rule.
func checkOne(t testing.TB, text string, cells ...results.Cell) Result {
	t.Helper()
	rules, err := parse("f.yaml", []byte("rules:\n  - "+strings.ReplaceAll(text, "\n", "\n    ")+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return Check(cells, rules)[0]
}

// rejections is a valid cell of n rejections of which k were delivered.
func rejections(k, n int64, rtt float64) results.Cell {
	c := results.Cell{Point: results.Point{Strategy: "close", Client: "blocking", RTTMs: rtt}, Attempts: n, Rejected: n, Delivered: k, Valid: true}
	c.Outcomes[results.Delivered], c.Outcomes[results.BrokenPipe] = k, n-k
	return c
}

// inRounds is rejections in five rounds that are as equal as they can be.
func inRounds(k, n int64, rtt float64) (cells []results.Cell) {
	for round := range int64(5) {
		from, to := n*round/5, n*(round+1)/5
		c := rejections(k*to/max(n, 1)-k*from/max(n, 1), to-from, rtt)
		c.Round = int(round)
		cells = append(cells, c)
	}
	return cells
}

// rounds are valid cells of one point whose CPU time a rejection is as given.
func roundsOf(cpu ...float64) []results.Cell {
	var cells []results.Cell
	for i, us := range cpu {
		c := rejections(0, 10, 1)
		c.Round, c.Server.CPUUsPerRejection = i, us
		cells = append(cells, c)
	}
	return cells
}

func TestAShareIsDecidedByBoundsAndNotByItself(t *testing.T) {
	for _, c := range []struct {
		k, n int64
		want Verdict
	}{
		{100, 100, Holds}, {87, 87, Holds}, {86, 86, undecided}, {0, 1, undecided},
		{96, 100, undecided}, {91, 100, undecided}, {90, 100, Fails}, {0, 100, Fails},
	} {
		got := checkOne(t, "require: delivered_share >= 95%", inRounds(c.k, c.n, 1)...)
		if got.Verdict != c.want || (got.Verdict == undecided) != (got.Points[0].Needs != "") {
			t.Errorf("%d of %d: %v, %+v", c.k, c.n, got.Verdict, got.Points)
		}
		mirror := checkOne(t, "require: share(broken-pipe) <= 5%", inRounds(c.k, c.n, 1)...)
		if mirror.Verdict != c.want {
			t.Errorf("%d of %d: delivered_share says %v, and what it leaves %v", c.k, c.n, c.want, mirror.Verdict)
		}
	}
}

func TestRoundsAreTheSamplesOfAValue(t *testing.T) {
	for _, c := range []struct {
		cpu  []float64
		want Verdict
		says string
	}{
		{[]float64{9, 9, 9, 9, 9}, Holds, ""},
		{[]float64{9, 9, 9, 9, 10}, Holds, ""},
		{[]float64{9, 9, 9, 9}, undecided, "at least 5 rounds would decide"},
		{[]float64{9}, undecided, "at least 5 rounds would decide"},
		{[]float64{9, 9, 9, 9, 11}, undecided, "at least 8 rounds would decide"},
		{[]float64{9, 9, 9, 9, 9, 9, 9, 11}, Holds, ""},
		{[]float64{11, 11, 11, 11, 11}, Fails, ""},
		{[]float64{11, 11, 9}, undecided, "at least 8 rounds would decide"},
		{[]float64{0, 0}, notApplicable, "no round has a value of this metric"},
	} {
		got := checkOne(t, "require: cpu_us <= 10us", roundsOf(c.cpu...)...)
		if got.Verdict != c.want || got.Points[0].Needs != c.says {
			t.Errorf("%v: %v, %+v", c.cpu, got.Verdict, got.Points[0])
		}
	}
}

func TestARuleHoldsAtEveryPointAndFailsAtOne(t *testing.T) {
	holds, fails, neither := inRounds(100, 100, 1), inRounds(50, 100, 2), inRounds(95, 100, 3)
	invalid := inRounds(0, 100, 4)
	invalidTry := inRounds(0, 100, 1)
	twins := inRounds(0, 100, 1)
	for i := range invalid {
		invalid[i].Valid, invalid[i].InvalidReason = false, "path late"
		invalidTry[i].Valid, invalidTry[i].InvalidReason = false, "path late"
		twins[i].Twin = true
	}
	for _, c := range []struct {
		name  string
		cells [][]results.Cell
		want  Verdict
	}{
		{"all hold", [][]results.Cell{holds, inRounds(100, 100, 5)}, Holds},
		{"one fails", [][]results.Cell{holds, neither, fails}, Fails},
		{"one is undecided", [][]results.Cell{holds, neither}, undecided},
		{"one is invalid", [][]results.Cell{holds, invalid}, undecided},
		{"one try was invalid", [][]results.Cell{holds, invalidTry}, Holds},
		{"a twin says nothing", [][]results.Cell{holds, twins}, Holds},
		{"nothing matches", nil, notApplicable},
	} {
		got := checkOne(t, "require: delivered_share >= 95%", slices.Concat(c.cells...)...)
		if got.Verdict != c.want {
			t.Errorf("%s: %v, %+v", c.name, got.Verdict, got.Points)
		}
		if len(c.cells) == 0 && got.Reason == "" {
			t.Error("a rule of no point has to say so")
		}
	}
	// Rounds of a point are one sample; points are not.
	if got := checkOne(t, "require: delivered_share >= 95%", inRounds(90, 90, 1)...); got.Verdict != Holds {
		t.Errorf("five rounds of 18 are 90: %v", got.Verdict)
	}
	if got := checkOne(t, "require: delivered_share >= 95%", append(inRounds(45, 45, 1), inRounds(45, 45, 2)...)...); got.Verdict != undecided {
		t.Errorf("two points of 45 stay 45: %v", got.Verdict)
	}
	// One chance in twenty of an error is spread over the points.
	some := inRounds(89, 100, 0)
	for i := range 19 {
		some = append(some, inRounds(100, 100, float64(i+1))...)
	}
	if got := checkOne(t, "require: delivered_share >= 95%", some...); got.Verdict != undecided {
		t.Errorf("a point that alone would fail is one of twenty: %v", got.Verdict)
	}
	if got := checkOne(t, "strategy: [close, none-such]\nclient: blocking\nwhere: rtt > 1s\nrequire: delivered_share >= 95%", some...); !strings.Contains(got.Reason, "the run does not have strategy none-such") {
		t.Errorf("the reason reads %q", got.Reason)
	}
}

func TestFewRoundsDecideOnlyBeyondTheWorstSpread(t *testing.T) {
	for _, c := range []struct {
		rule   string
		k      int64
		rounds int
		want   Verdict
	}{
		{"require: delivered_share >= 95%", 100, 1, undecided},
		{"require: delivered_share >= 95%", 100, 2, undecided},
		{"require: delivered_share >= 95%", 100, 3, Holds},
		{"require: delivered_share >= 95%", 80, 1, undecided},
		{"require: delivered_share >= 95%", 0, 1, Fails},
		{"require: delivered_share >= 5%", 100, 1, Holds},
		{"require: delivered_share <= 5%", 0, 1, undecided},
		{"require: delivered_share <= 5%", 100, 1, Fails},
		{"require: delivered_share <= 95%", 0, 1, Holds},
		{"require: delivered_share >= 95%\nconfidence: none", 100, 1, Holds},
		{"require: delivered_share >= 95%\nconfidence: none", 95, 1, Holds},
		{"require: delivered_share >= 95%\nconfidence: none", 94, 5, Fails},
	} {
		var cells []results.Cell
		for round := range c.rounds {
			cell := rejections(c.k, 100, 1)
			cell.Round = round
			cells = append(cells, cell)
		}
		got := checkOne(t, c.rule, cells...)
		p := got.Points[0]
		if got.Verdict != c.want || (c.want == undecided) != strings.Contains(p.Needs, "could decide") {
			t.Errorf("%s, %d of 100 in %d rounds: %v, %+v", c.rule, c.k, c.rounds, got.Verdict, p)
		}
		if p.bounded() != (c.rounds >= 3 && !got.Rule.plain()) {
			t.Errorf("%s in %d rounds: bounds %v, %v", c.rule, c.rounds, p.Low, p.High)
		}
	}
}

func TestTheSpreadOfRoundsWidensTheBounds(t *testing.T) {
	var cells []results.Cell
	for round, k := range []int64{100, 60, 100, 70, 100} {
		c := rejections(k, 100, 1)
		c.Round = round
		cells = append(cells, c)
	}
	const rule = "require: delivered_share >= 80%"
	spread, even := checkOne(t, rule, cells...), checkOne(t, rule, inRounds(430, 500, 1)...)
	if even.Verdict != Holds || spread.Verdict != undecided || spread.Points[0].Low >= even.Points[0].Low {
		t.Errorf("%v %+v, with equal rounds %v %+v", spread.Verdict, spread.Points, even.Verdict, even.Points)
	}
}

// A rule says what happens where its figure does not exist.
func TestAMissingFigureDoesWhatTheRuleSays(t *testing.T) {
	without := inRounds(0, 0, 2)
	for _, c := range []struct {
		name, missing string
		cells         []results.Cell
		want, overall Verdict
	}{
		{"no point", "", nil, notApplicable, undecided},
		{"no point", "\nmissing: skip", nil, notApplicable, undecided}, // nothing was checked
		{"no point", "\nmissing: fail", nil, Fails, Fails},
		{"no samples", "", without, notApplicable, undecided},
		{"no samples", "\nmissing: fail", without, Fails, Fails},
		{"a point without samples", "", slices.Concat(inRounds(100, 100, 1), without), undecided, undecided},
		{"a point without samples", "\nmissing: skip", slices.Concat(inRounds(100, 100, 1), without), Holds, Holds},
		{"a point without samples", "\nmissing: fail", slices.Concat(inRounds(100, 100, 1), without), Fails, Fails},
	} {
		got := checkOne(t, "require: delivered_share >= 95%"+c.missing, c.cells...)
		if got.Verdict != c.want || Overall([]Result{got}) != c.overall {
			t.Errorf("%s%s: %v, overall %v", c.name, c.missing, got.Verdict, Overall([]Result{got}))
		}
	}
	value := checkOne(t, "require: cpu_us <= 10us\nmissing: fail", roundsOf(0, 0)...)
	if value.Verdict != Fails {
		t.Errorf("no value: %v", value.Verdict)
	}
	skipped := checkOne(t, "require: cpu_us <= 10us\nmissing: skip", roundsOf(0, 0)...)
	if all := Overall([]Result{skipped, {Verdict: Holds}}); all != Holds {
		t.Errorf("a skipped rule beside one that holds: %v", all)
	}
}

func TestAVerdictNeverContradictsWhatWasCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 5000).Draw(t, "n")
		k := rapid.Int64Range(0, n).Draw(t, "k")
		permille := rapid.IntRange(1, 999).Draw(t, "permille")
		op := rapid.SampledFrom([]string{"<", "<=", ">", ">="}).Draw(t, "op")
		points := rapid.IntRange(1, 50).Draw(t, "points")
		r := Rule{confidence: rapid.Float64Range(0.5, 0.999).Draw(t, "confidence")}
		var err error
		if r.require, err = parseRequire(fmt.Sprintf("delivered_share %s %d.%d%%", op, permille/10, permille%10)); err != nil {
			t.Fatal(err)
		}
		show := 1 - r.confidence
		low, high, v := r.decideShare(k, n, stats.Dispersion{}, show, show/float64(points))
		share := float64(k) / float64(n)
		if low > share || high < share {
			t.Fatalf("%d of %d is outside its bounds %v, %v", k, n, low, high)
		}
		right := (op[0] == '>') == (share > r.require.threshold)
		if share != r.require.threshold && (v == Holds && !right || v == Fails && right) {
			t.Fatalf("%d of %d %s %v: %v", k, n, op, r.require.threshold, v)
		}
		// More points make it harder to fail and do not touch what holds.
		if _, _, one := r.decideShare(k, n, stats.Dispersion{}, show, show); v == Fails && one != Fails || (v == Holds) != (one == Holds) {
			t.Fatalf("one of %d points: %v, alone %v", points, v, one)
		}
	})
}

// The chance of a wrong verdict where the share is the threshold itself, which
// is where it is largest. What is refuted keeps to the error allowed. What is
// shown is by Wilson's bound, which may take a third more of it near 0 and 1.
func TestVerdictsOnSharesErrAsOftenAsAllowed(t *testing.T) {
	for _, threshold := range []string{"50%", "90%", "99%", "99.9%"} {
		for _, n := range []int64{20, 100, 400, 1000, 3000} {
			for _, points := range []float64{1, 14, 100} {
				r := Rule{confidence: 0.95}
				var err error
				if r.require, err = parseRequire("delivered_share >= " + threshold); err != nil {
					t.Fatal(err)
				}
				show := 1 - r.confidence
				var shown, refuted float64
				for k := range n + 1 {
					chance := stats.Binomial(k, n, r.require.threshold)
					if k > 0 {
						chance -= stats.Binomial(k-1, n, r.require.threshold)
					}
					switch _, _, v := r.decideShare(k, n, stats.Dispersion{}, show, show/points); v {
					case Holds:
						shown += chance
					case Fails:
						refuted += chance
					}
				}
				if shown > 0.068 || refuted > show/points*(1+1e-6) {
					t.Errorf("%s of %d, %v points: shown by chance %v, refuted %v of %v allowed", threshold, n, points, shown, refuted, show/points)
				}
			}
		}
	}
}

func TestTheNumberOfSamplesThatIsSaidToDecideDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(5, 2000).Draw(t, "n")
		k := rapid.Int64Range(0, n).Draw(t, "k")
		cells := inRounds(k, n, 1)
		got := checkOneRapid(t, fmt.Sprintf("require: delivered_share >= %d.5%%", rapid.IntRange(0, 99).Draw(t, "percent")), cells...)
		if got.Verdict != undecided {
			return
		}
		var want int64
		if _, err := fmt.Sscanf(got.Points[0].Needs, "%d samples with this share would decide", &want); err != nil {
			// A billion samples are not practical. So many decide a share this far away.
			x := got.Rule.require.threshold
			if gap := got.Points[0].Figure - x; gap*gap*1e9 > 10*x*(1-x) {
				t.Fatalf("%d of %d: %s", k, n, got.Points[0].Needs)
			}
			return
		}
		// The claim is about the same share and the same dispersion, which other rounds of
		// whole attempts cannot have exactly.
		var strata []stats.Stratum
		for _, c := range cells {
			strata = append(strata, stats.Stratum{BaseK: c.Delivered, BaseN: c.Rejected})
		}
		alpha := 1 - got.Rule.confidence
		more := int64(math.Round(got.Points[0].Figure * float64(want)))
		if _, _, again := got.Rule.decideShare(more, want, stats.NewDispersion(strata), alpha, alpha); want <= n || again == undecided {
			t.Fatalf("%d of %d: %s; %d of as many: undecided", k, n, got.Points[0].Needs, more)
		}
	})
}

func checkOneRapid(t *rapid.T, text string, cells ...results.Cell) Result {
	rules, err := parse("f.yaml", []byte("rules:\n  - "+text+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return Check(cells, rules)[0]
}

func TestTheSignTestIsTheTailOfFairCoins(t *testing.T) {
	for n := range int64(16) {
		var ways, all float64
		coins := make([]float64, n+1) // ways to k heads
		for toss := range 1 << n {
			heads := 0
			for i := range n {
				heads += toss >> i & 1
			}
			coins[heads]++
			all++
		}
		for k := n; k >= 0; k-- {
			ways += coins[k]
			if p := ways / all; n > 0 && (!signTest(k, n, p) || signTest(k, n, p*0.999)) {
				t.Errorf("%d of %d: the tail is %v", k, n, p)
			}
		}
	}
	if signTest(0, 0, 1) {
		t.Error("no rounds decide")
	}
	if !signTest(5, 5, 1-0.95) || signTest(4, 4, 1-0.95) {
		t.Error("5 rounds on one side decide at 95%, 4 do not")
	}
}

func TestTheReferenceRunKeepsToTheMethod(t *testing.T) {
	run, err := results.Open(filepath.Join("..", "..", "results", "reference"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := Load("method")
	if err != nil {
		t.Fatal(err)
	}
	found := Check(run.Cells, rules)
	if len(found) == 0 || len(run.Cells) == 0 {
		t.Fatalf("%d rules for %d cells", len(found), len(run.Cells))
	}
	// The default grid lacks two strategies.
	absent := 0
	for _, f := range found {
		if f.Verdict == notApplicable {
			absent++
		} else if f.Verdict != Holds {
			t.Errorf("%s: %v, %s %+v", f.Rule.Name, f.Verdict, f.Reason, f.unmet())
		}
	}
	if absent != 2 {
		t.Errorf("%d rules do not apply to the reference run", absent)
	}
	// A control that cannot fail is none: each does on a run whose outcomes are turned
	// round, in which other cells stand for those of the two strategies.
	for _, c := range slices.Clone(run.Cells) {
		if name := map[string]string{"lingering-close": "read-request", "close": "shutdown"}[c.Strategy]; name != "" {
			c.Strategy = name
			run.Cells = append(run.Cells, c)
		}
	}
	for i := range run.Cells {
		c := &run.Cells[i]
		n := c.Attempts
		c.Delivered = c.Rejected - c.Delivered
		c.Outcomes = results.Counts{}
		c.Outcomes[results.Delivered] = n / 4
		c.Outcomes[results.DeliveredThenReset], c.Outcomes[results.ResetSend], c.Outcomes[results.BrokenPipe] = n/4, n/4, n/4
	}
	for _, f := range Check(run.Cells, rules) {
		if f.Verdict != Fails {
			t.Errorf("%s: %v on a run that contradicts it", f.Rule.Name, f.Verdict)
		}
	}
}

func TestVerdictsAreAsRecorded(t *testing.T) {
	run := analysistest.Flawed(analysistest.Synthetic(t, analysistest.SmallGrid()))
	rules, err := parse("gate.yaml", []byte(`rules:
  - name: lingering-close | delivers
    strategy: lingering-close
    require: delivered_share >= 95%
  - strategy: [close, shutdown]
    client: blocking
    where: body > 0
    require: delivered_share >= 90%
  - name: hardly any work
    strategy: lingering-close
    require: cpu_us < 1s
  - strategy: delayed-close
    require: hold_ms < 1ms
  - where: rtt > 0
    require: share(broken-pipe) <= 99.99%
    confidence: 99%
`))
	if err != nil {
		t.Fatal(err)
	}
	found := Check(run.Cells, rules)
	for _, format := range Formats {
		var b bytes.Buffer
		if err := Print(&b, format, found); err != nil {
			t.Fatal(err)
		}
		analysistest.Golden(t, "rules-"+format+".golden", b.Bytes())
	}
	if err := Print(&bytes.Buffer{}, "xml", found); err == nil {
		t.Error("there is no format xml")
	}
}

func TestOneBrokenRuleOutweighsAllOthers(t *testing.T) {
	of := func(all ...Verdict) (found []Result) {
		for _, v := range all {
			found = append(found, Result{Verdict: v})
		}
		return found
	}
	for _, c := range []struct {
		found []Result
		want  Verdict
	}{
		{of(Holds, Holds), Holds},
		{of(Holds, undecided), undecided},
		{of(undecided, Fails, Holds), Fails},
		{of(Holds, notApplicable), undecided},
	} {
		if got := Overall(c.found); got != c.want {
			t.Errorf("got %v, want %v", got, c.want)
		}
	}
}

func TestARuleSaysItselfSoThatItReadsBack(t *testing.T) {
	words := map[string][]string{
		"rtt": {"0s", "10ms", "1.5s"}, "concurrency": {"0", "50"}, "body": {"0", "64KiB", "1MB"}, "loss": {"0", "0.1%"},
		"limit": {"16"}, "rate": {"500", "500/s"}, "strategy": {"close", "nginx:off"}, "client": {"duplex"}, "impairments": {"none"}, "nth_request": {"1", "5"}, "tls": {"on", "off"}, "ipv6": {"on", "off"},
		"scenario": {"none", "node-9085"}, "part": {"none", "reported"}, "settings": {"none"}, "arrivals": {"spread", "closed"},
	}
	rapid.Check(t, func(t *rapid.T) {
		var text []string
		for range rapid.IntRange(1, 4).Draw(t, "conditions") {
			f := results.Coordinates[rapid.IntRange(0, len(results.Coordinates)-1).Draw(t, "field")]
			ordered := f.Unit != "" || f.Name == "concurrency" || f.Name == "limit" || f.Name == "nth_request"
			op := rapid.SampledFrom(operators).Filter(func(o operator) bool { return ordered || o.equality() }).Draw(t, "op")
			text = append(text, f.Name+" "+op.text+" "+rapid.SampledFrom(words[f.Name]).Draw(t, "value"))
		}
		want := strings.Join(text, " and ")
		conditions, err := parseWhere(want)
		if err != nil {
			t.Fatal(err)
		}
		var again []string
		for _, c := range conditions {
			again = append(again, c.String())
		}
		if diff := cmp.Diff(text, again); diff != "" {
			t.Fatal(diff)
		}
		if tight, err := parseWhere(strings.NewReplacer(" = ", "=", " != ", "!=", " <= ", "<=", " >= ", ">=", " < ", "<", " > ", ">").Replace(want)); err != nil || len(tight) != len(conditions) {
			t.Fatalf("without spaces: %v", err)
		}
	})
}

func FuzzParseRules(f *testing.F) {
	method, err := os.ReadFile("method.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(method)
	f.Add([]byte("rules:\n- require: delivered_share >= 99%\n  where: 'rtt<=1ms and body>0'\n  client: [a, b]\n"))
	f.Add([]byte("rules:\n- {require: \"cpu_us < 5us\", confidence: 99%}\n"))
	f.Add([]byte("a: &a [*a]\n<<: *a\n---\n? x\n: - |\n  y\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rules, err := parse("f", text)
		if err == nil {
			for _, r := range rules {
				if _, err := parseRequire(r.require.String()); err != nil || r.Name == "" || !r.plain() && r.confidence < 0.5 || r.confidence >= 1 {
					t.Errorf("accepted %+v: %v", r, err)
				}
			}
			Check([]results.Cell{rejections(1, 2, 3)}, rules)
			return
		}
		var place *yamlfile.Error
		if !errors.As(err, &place) || strings.ContainsAny(err.Error(), "\n\r") {
			t.Fatalf("an error without its place, or of several lines: %q", err)
		}
		if lines := bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r")) + 1; place.Line < 1 || place.Column < 1 || place.Line > lines+1 {
			t.Fatalf("%v is not in a file of %d lines", err, lines)
		}
	})
}

func FuzzParseWhere(f *testing.F) {
	f.Add("rtt <= 100ms and body > 0")
	f.Add("strategy!=close and loss = 0.1% and rate=5/s")
	f.Fuzz(func(t *testing.T, text string) {
		conditions, err := parseWhere(text)
		if err == nil {
			for _, c := range conditions {
				if again, err := parseWhere(c.String()); err != nil || len(again) != 1 || again[0].number != c.number {
					t.Errorf("%q: %q does not read back: %v", text, c, err)
				}
			}
			return
		}
		var at *exprError
		if !errors.As(err, &at) || at.at < 0 || at.at > len([]rune(text)) {
			t.Fatalf("%q: the place of %v", text, err)
		}
	})
}

func TestConfidenceIsPrintedUnrounded(t *testing.T) {
	for word, want := range map[string]string{
		"50%": "50", "90%": "90", "95%": "95", "99.5%": "99.5", "99.99%": "99.99", "99.9999%": "99.9999", "99.9999998%": "99.9999998",
	} {
		confidence, err := parseConfidence(word)
		if err != nil {
			t.Fatal(err)
		}
		if got := confidencePercent(confidence); got != want {
			t.Errorf("%s is printed as %s%%", word, got)
		}
	}
}
