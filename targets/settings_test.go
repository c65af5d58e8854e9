package targets

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEverySettingNamesStrategiesAndChangesTheConfig(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Settings {
		if seen[s.Name] || s.Name == "" || s.Low < 1 || s.High <= s.Low {
			t.Errorf("%+v", s)
		}
		seen[s.Name] = true
		for _, name := range s.Strategies {
			if _, err := StrategyByName(name); err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
		var low, high Config
		s.Apply(&low, s.Low)
		s.Apply(&high, s.High)
		if low == high || low == (Config{}) {
			t.Errorf("%s changes nothing", s.Name)
		}
		if _, err := high.Bounds.withDefaults(); err != nil {
			t.Errorf("%s at %d: %v", s.Name, s.High, err)
		}
	}
}

func TestEveryStrategyThatWaitsHasADefaultSetting(t *testing.T) {
	for _, row := range Strategies {
		got, ok := DefaultSetting(row.Name)
		want := map[string]string{
			"lingering-close": "linger-total", "delayed-close": "close-delay", "wait-acked": "ack-timeout", "drain-until-acked": "quiet-floor",
		}[row.Name]
		if got.Name != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", row.Name, got.Name, want)
		}
	}
	if of := SettingsOf("backlog"); of != nil {
		t.Errorf("backlog has %v", of)
	}
}

func TestEveryDirectiveHasASourceAndANoteOrAName(t *testing.T) {
	for _, d := range Directives {
		s, err := SettingByName(d.Setting)
		if err != nil {
			t.Errorf("%s: %v", d.Server, err)
		}
		if d.Server == "" || d.Source == "" || (d.Name == "" && d.Note == "") || (d.Name == "" && d.Settable()) {
			t.Errorf("%+v", d)
		}
		if d.Settable() && !strings.ContainsAny(d.Write(s.High), "123456789") {
			t.Errorf("%s of %s: %q has no value", d.Name, d.Server, d.Write(s.High))
		}
	}
	for _, s := range Settings {
		of := DirectivesOf(s.Name)
		if len(of) == 0 {
			t.Errorf("no word on %s", s.Name)
		}
		var servers []string
		for _, d := range of {
			servers = append(servers, d.Server)
		}
		if slices.Sort(servers); len(slices.Compact(servers)) != len(of) {
			t.Errorf("%s: duplicate server: %v", s.Name, servers)
		}
	}
}

// A directive may be coarser than a setting, but never does less than the confirmed
// value asks for.
func TestADirectiveKeepsAtLeastWhatIsAskedInItsSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom(Directives).Filter(Directive.Settable).Draw(t, "directive")
		s, err := SettingByName(d.Setting)
		if err != nil {
			t.Fatal(err)
		}
		v, steps := rapid.Int64Range(s.Low, s.High).Draw(t, "value"), d.Steps()
		kept, ok := d.Keep(v)
		if (d.Write(v) == "") == ok {
			t.Fatalf("%s of %d: %q", d.Name, v, d.Write(v))
		}
		if !ok {
			return
		}
		if kept%steps.Step != 0 || kept < steps.Min || steps.Max > 0 && kept > steps.Max {
			t.Fatalf("%s of %d: %d is no step of %+v", d.Name, v, kept, steps)
		}
		if s.LargerIsCheaper && kept > v || !s.LargerIsCheaper && kept < v+steps.Spare {
			t.Fatalf("%s of %d: %d does less", d.Name, v, kept)
		}
		if again, ok := (Steps{Step: steps.Step, Min: steps.Min, Max: steps.Max}).Keep(kept, s.LargerIsCheaper); !ok || again != kept {
			t.Fatalf("%s: %d is not kept but %d", d.Name, kept, again)
		}
		if s.Unit != Nanoseconds {
			return
		}
		text := d.Value(kept)
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			text += "s"
		}
		if read, err := time.ParseDuration(text); err != nil || int64(read) != kept {
			t.Fatalf("%d ns is written %s: %v", kept, text, err)
		}
	})
}

// nginx once got 27ms of lingering_time, kept none of it, and delivered nothing.
func TestNginxLingersWholeSecondsWithOneToSpare(t *testing.T) {
	d, ok := DirectiveByCatalogue("nginx:lingering_time")
	if !ok {
		t.Fatal("no such directive")
	}
	for v, want := range map[time.Duration]string{
		27 * time.Millisecond: "lingering_time 2s;", time.Second: "lingering_time 2s;", 1500 * time.Millisecond: "lingering_time 3s;",
	} {
		if got := d.Write(int64(v)); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

func TestEverySettableDirectiveHasStepsWithASource(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range Directives {
		steps := d.Steps()
		if d.Settable() != (steps.Step > 0) || d.Settable() && (steps.Source == "" || steps.Min < 1) {
			t.Errorf("%s of %s: %+v", d.Name, d.Server, steps)
		}
		if name := d.Catalogue(); name != "" && seen[name] {
			t.Errorf("two directives %s", name)
		} else {
			seen[name] = true
		}
	}
}

// trickle sends one byte again and again until the server ends the connection.
func trickle(c *net.TCPConn) {
	for {
		if _, err := c.Write([]byte{'x'}); err != nil {
			return
		}
		// The pause of a slow client.
		time.Sleep(2 * time.Millisecond)
	}
}

func TestTheLongestHoldIsKnownWhereTheStrategyRejects(t *testing.T) {
	for _, row := range Strategies {
		hold, err := LongestHold(row.Name, Bounds{})
		if err != nil || hold.Unknown == (row.reject != nil) {
			t.Errorf("%s: %+v, %v", row.Name, hold, err)
		}
		if (hold.Longest > 0) != (hold.Bound != "") {
			t.Errorf("%s: a time without a bound, or a bound without a time: %+v", row.Name, hold)
		}
	}
}

func TestOnlyLongestHoldsBoundEndsATricklingClient(t *testing.T) {
	const hold = 2 * time.Second
	for strategy, want := range map[string]struct {
		bounds Bounds
		end    []endReason
	}{
		// The client never pauses for long, even if it waits for a CPU. If the idle limit
		// counted, these would end by it.
		"lingering-close":   {Bounds{LingerTotal: hold, LingerIdle: hold * 3 / 4}, []endReason{endTimeLimit}},
		"drain-until-acked": {Bounds{AckTimeout: hold, QuietFloor: hold * 3 / 4}, []endReason{endTimeLimit}},
		"delayed-close":     {Bounds{CloseDelay: hold}, []endReason{endClosed}},
		"read-header":       {Bounds{HeaderTimeout: hold}, []endReason{endHeaderTimeout}},
	} {
		t.Run(strategy, func(t *testing.T) {
			longest, err := LongestHold(strategy, want.bounds)
			if err != nil || longest.Longest != hold || longest.Bound == "" {
				t.Fatalf("LongestHold says %+v: %v", longest, err)
			}
			e := reject(t, strategy, want.bounds, trickle)
			held := time.Duration(e.Closed - e.Accepted)
			t.Logf("%s held the descriptor of a client that sends a byte every 2 ms for %v, bound %v by %s; it read %d bytes", strategy, held, longest.Longest, longest.Bound, e.Read)
			if !slices.Contains(want.end, e.End) {
				t.Errorf("ended by %v, want %v", e.End, want.end)
			}
			if held < longest.Longest {
				t.Errorf("held for %v, less than the bound %v", held, longest.Longest)
			}
		})
	}
}
