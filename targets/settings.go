package targets

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/rejectbench/rejectbench/results/units"
)

// Unit is the unit of a setting's value.
type Unit int

// The units.
const (
	Nanoseconds Unit = iota // written as a duration
	Bytes                   // written as a size
	Connections             // a plain number
)

// Format formats a value in the syntax of the setting's flag.
func (u Unit) Format(v int64) string {
	if u == Nanoseconds {
		return time.Duration(v).String()
	}
	return strconv.FormatInt(v, 10)
}

// String returns the unit's name: ns, bytes or connections.
func (u Unit) String() string { return [...]string{"ns", "bytes", "connections"}[u] }

// Pretty formats a value for people: as Format, but a size in binary units.
func (u Unit) Pretty(v int64) string {
	if u == Bytes {
		return units.Size(v)
	}
	return u.Format(v)
}

// Setting is a value in a server's configuration that can be tuned, and the range
// in which a search looks for it.
type Setting struct {
	Name       string // name of its flag
	Summary    string // what happens at the value
	Unit       Unit
	Strategies []string // that use it; nil is every strategy that answers
	Low, High  int64    // in Unit; High is above the default of every server in Directives
	// LargerIsCheaper is set if a smaller value costs more. That holds for a limit,
	// whose cost is the requests it rejects. A larger value of all others costs more.
	LargerIsCheaper bool
	set             func(*Config, int64)
}

// Apply sets the value v, in Unit, in a configuration.
func (s Setting) Apply(c *Config, v int64) { s.set(c, v) }

// limitSetting is the setting of which a smaller value asks for less.
const limitSetting = "limit"

// Settings is the one table of the settings that can be tuned. The first row that
// names a strategy is the strategy's default setting; see DefaultSetting.
var Settings = []Setting{
	{Name: "linger-total", Unit: Nanoseconds, Strategies: []string{"lingering-close"}, Low: int64(time.Millisecond), High: int64(time.Minute),
		Summary: "lingering ends after this time",
		set:     func(c *Config, v int64) { c.Bounds.LingerTotal = time.Duration(v) }},
	{Name: "linger-idle", Unit: Nanoseconds, Strategies: []string{"lingering-close"}, Low: int64(time.Millisecond), High: int64(30 * time.Second),
		Summary: "lingering ends when no byte came for this time",
		set:     func(c *Config, v int64) { c.Bounds.LingerIdle = time.Duration(v) }},
	{Name: "linger-bytes", Unit: Bytes, Strategies: []string{"lingering-close"}, Low: 1 << 10, High: 1 << 30,
		Summary: "lingering ends after this many bytes",
		set:     func(c *Config, v int64) { c.Bounds.LingerBytes = v }},
	{Name: "close-delay", Unit: Nanoseconds, Strategies: []string{"delayed-close"}, Low: int64(time.Millisecond), High: int64(30 * time.Second),
		Summary: "the connection is closed after this time",
		set:     func(c *Config, v int64) { c.Bounds.CloseDelay = time.Duration(v) }},
	{Name: "quiet-floor", Unit: Nanoseconds, Strategies: []string{"drain-until-acked"}, Low: int64(time.Millisecond), High: int64(10 * time.Second),
		Summary: "input must be quiet for this time beyond the round trip",
		set:     func(c *Config, v int64) { c.Bounds.QuietFloor = time.Duration(v) }},
	{Name: "ack-timeout", Unit: Nanoseconds, Strategies: []string{"wait-acked", "drain-until-acked"}, Low: int64(time.Millisecond), High: int64(time.Minute),
		Summary: "waiting for the acknowledgement ends after this time",
		set:     func(c *Config, v int64) { c.Bounds.AckTimeout = time.Duration(v) }},
	{Name: "lingerers", Unit: Connections, Strategies: []string{"lingering-close", "drain-until-acked"}, Low: 1, High: 1 << 16,
		Summary: "connections above this number do not linger",
		set:     func(c *Config, v int64) { c.Bounds.Lingerers = int(v) }},
	{Name: limitSetting, Unit: Connections, Low: 1, High: 1 << 16, LargerIsCheaper: true,
		Summary: "connections above this number are rejected",
		set:     func(c *Config, v int64) { c.Limit = int(v) }},
}

// SettingByName returns the row of a setting.
func SettingByName(name string) (Setting, error) {
	for _, s := range Settings {
		if s.Name == name {
			return s, nil
		}
	}
	return Setting{}, fmt.Errorf("unknown setting %q", name)
}

// SettingsOf returns the settings that a strategy uses. It returns none for an
// unknown strategy and for one that never answers.
func SettingsOf(strategy string) []Setting {
	row, err := StrategyByName(strategy)
	if err != nil || row.Queues {
		return nil
	}
	var of []Setting
	for _, s := range Settings {
		if s.Strategies == nil || slices.Contains(s.Strategies, strategy) {
			of = append(of, s)
		}
	}
	return of
}

// DefaultSetting returns the setting that is tuned if the user names none. It
// reports false for a strategy without a setting that names it.
func DefaultSetting(strategy string) (Setting, bool) {
	for _, s := range SettingsOf(strategy) {
		if s.Strategies != nil {
			return s, true
		}
	}
	return Setting{}, false
}

// Hold is for how long a client that keeps sending single bytes can hold a
// descriptor. The zero value is that of a strategy that waits for nothing.
type Hold struct {
	Longest time.Duration // 0 unless Bound is set
	Bound   string        // what ends the wait; empty if nothing waits or if Unknown
	// Unknown is set if this program does not bound the time, because net/http
	// (nethttp) or the kernel (backlog) determines it.
	Unknown bool
}

// LongestHold returns for how long such a client can hold a rejected connection of a
// strategy. The client never reaches an idle time, so LingerIdle does not count. The
// result excludes the scheduling delay of the server, and with TLS the handshake,
// which takes at most HeaderTimeout. The hold of an unknown strategy is Unknown.
func LongestHold(strategy string, b Bounds) (Hold, error) {
	b, err := b.withDefaults()
	if err != nil {
		return Hold{}, err
	}
	row, err := StrategyByName(strategy)
	if err != nil || row.longestHold == nil {
		return Hold{Unknown: true}, nil
	}
	return row.longestHold(b), nil
}

func holdsNothing(Bounds) Hold { return Hold{} }

func holdsForLingerTotal(b Bounds) Hold { return Hold{Longest: b.LingerTotal, Bound: "linger-total"} }

func holdsForCloseDelay(b Bounds) Hold { return Hold{Longest: b.CloseDelay, Bound: "close-delay"} }

func holdsForAckTimeout(b Bounds) Hold { return Hold{Longest: b.AckTimeout, Bound: "ack-timeout"} }

func holdsForHeader(b Bounds) Hold {
	return Hold{Longest: b.HeaderTimeout, Bound: "the header's time limit"}
}

func holdsForRequest(b Bounds) Hold {
	return Hold{Longest: b.HeaderTimeout + b.BodyTimeout, Bound: "the header's and the body's time limit"}
}
