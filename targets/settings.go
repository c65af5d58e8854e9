package targets

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
)

// Unit is what the value of a setting counts.
type Unit int

// The units.
const (
	Nanoseconds Unit = iota // written as a duration
	Bytes                   // written as a size
	Connections             // a plain number
)

// Format writes a value as the flag of its setting takes it.
func (u Unit) Format(v int64) string {
	if u == Nanoseconds {
		return time.Duration(v).String()
	}
	return strconv.FormatInt(v, 10)
}

// Pretty writes a value for people: as Format, but a size in binary units.
func (u Unit) Pretty(v int64) string {
	if u == Bytes {
		return humanize.IBytes(uint64(v))
	}
	return u.Format(v)
}

// Setting is one figure of a server's configuration that can be tuned: what it
// is, and the range worth looking for it in.
type Setting struct {
	Name       string // the flag's
	Unit       Unit
	Strategies []string // that it holds for; nil is every strategy that answers
	Low, High  int64    // in its unit; High is above what any of the servers in Directives has by default
	// LargerIsCheaper is set where a smaller value costs more: of a limit, which
	// costs what it turns away. Of all others a larger value costs more.
	LargerIsCheaper bool
	set             func(*Config, int64)
}

// Apply sets the setting in a configuration.
func (s Setting) Apply(c *Config, v int64) { s.set(c, v) }

// Settings is the one table of what can be tuned. The first row that names a
// strategy is that strategy's own setting; see DefaultSetting.
var Settings = []Setting{
	{Name: "linger-total", Unit: Nanoseconds, Strategies: []string{"lingering-close"}, Low: int64(time.Millisecond), High: int64(time.Minute),
		set: func(c *Config, v int64) { c.Bounds.LingerTotal = time.Duration(v) }},
	{Name: "linger-idle", Unit: Nanoseconds, Strategies: []string{"lingering-close"}, Low: int64(time.Millisecond), High: int64(30 * time.Second),
		set: func(c *Config, v int64) { c.Bounds.LingerIdle = time.Duration(v) }},
	{Name: "linger-bytes", Unit: Bytes, Strategies: []string{"lingering-close"}, Low: 1 << 10, High: 1 << 30,
		set: func(c *Config, v int64) { c.Bounds.LingerBytes = v }},
	{Name: "close-delay", Unit: Nanoseconds, Strategies: []string{"delayed-close"}, Low: int64(time.Millisecond), High: int64(30 * time.Second),
		set: func(c *Config, v int64) { c.Bounds.CloseDelay = time.Duration(v) }},
	{Name: "quiet-floor", Unit: Nanoseconds, Strategies: []string{"drain-until-acked"}, Low: int64(time.Millisecond), High: int64(10 * time.Second),
		set: func(c *Config, v int64) { c.Bounds.QuietFloor = time.Duration(v) }},
	{Name: "ack-timeout", Unit: Nanoseconds, Strategies: []string{"wait-acked", "drain-until-acked"}, Low: int64(time.Millisecond), High: int64(time.Minute),
		set: func(c *Config, v int64) { c.Bounds.AckTimeout = time.Duration(v) }},
	{Name: "lingerers", Unit: Connections, Strategies: []string{"lingering-close", "drain-until-acked"}, Low: 1, High: 1 << 16,
		set: func(c *Config, v int64) { c.Bounds.Lingerers = int(v) }},
	{Name: "limit", Unit: Connections, Low: 1, High: 1 << 16, LargerIsCheaper: true,
		set: func(c *Config, v int64) { c.Limit = int(v) }},
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

// SettingsOf returns the settings that hold for a strategy; none for an unknown
// strategy and for one that never answers.
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

// DefaultSetting returns the setting that a strategy is tuned by when none is
// named. It reports false for a strategy without one of its own.
func DefaultSetting(strategy string) (Setting, bool) {
	for _, s := range SettingsOf(strategy) {
		if s.Strategies != nil {
			return s, true
		}
	}
	return Setting{}, false
}

// LongestHold tells how long a client that keeps sending one byte at a time can
// make a strategy hold its descriptor, and by which bound. No such client can
// be made to wait out an idle time, so LingerIdle never counts. The bound is
// empty where the strategy waits for nothing, and where the time is not ours
// but a server's own (nethttp) or the kernel's (backlog). The time that the
// server takes to be scheduled comes on top, and behind TLS that of the handshake,
// which is at most HeaderTimeout.
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
