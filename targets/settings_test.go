package targets

import (
	"net"
	"slices"
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

// A directive may be coarser than a setting, but never below the confirmed value.
func TestADirectivesValueIsNeverBelowTheSettings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64Range(1, int64(time.Hour)).Draw(t, "ns")
		for _, text := range []string{milliseconds(v), seconds(v) + "s"} {
			d, err := time.ParseDuration(text)
			if err != nil || int64(d) < v || int64(d) >= v+int64(time.Millisecond) {
				t.Fatalf("%d ns is written %s: %v", v, text, err)
			}
		}
	})
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
