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
	{Name: "limit", Unit: Connections, Low: 1, High: 1 << 16, LargerIsCheaper: true,
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

// LongestHold returns how long a client that keeps sending single bytes can make
// a strategy hold its descriptor, and which bound ends that. Such a client never
// reaches an idle time, so LingerIdle does not count. The bound is empty if the
// strategy does not wait, or if net/http (nethttp) or the kernel (backlog)
// determines the time. The result excludes the scheduling delay of the server, and
// with TLS the handshake, which takes at most HeaderTimeout.
func LongestHold(strategy string, b Bounds) (hold time.Duration, bound string, err error) {
	if b, err = b.withDefaults(); err != nil {
		return 0, "", err
	}
	switch strategy {
	case "lingering-close":
		return b.LingerTotal, "linger-total", nil
	case "delayed-close":
		return b.CloseDelay, "close-delay", nil
	case "wait-acked", "drain-until-acked":
		return b.AckTimeout, "ack-timeout", nil
	case "read-header":
		return b.HeaderTimeout, "the header's time limit", nil
	case "read-request":
		return b.HeaderTimeout + b.BodyTimeout, "the header's and the body's time limit", nil
	}
	return 0, "", nil
}
