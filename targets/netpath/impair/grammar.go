package impair

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Setting is a key of the grammar with its value, such as rtt and 80ms. It is a
// flag on a command line or a line of a file.
type Setting struct{ Key, Value string }

// String returns the setting as a line of a file, such as "rtt 80ms".
func (s Setting) String() string { return s.Key + " " + s.Value }

// Key describes one key of the grammar.
type Key struct {
	Name    string
	Unit    string // kind of value, such as duration
	Summary string // one line
	set     func(*Set, string) error
	get     func(Set) string // the value; empty if it need not be written
}

// Keys is the one table of the grammar: flags, files, documentation and
// canonical forms come from it. Settings take effect in the order of Keys,
// whatever order they are given in: the profile first, then settings for both
// directions, then settings for one. A later key overrides an earlier one.
var Keys = slices.Concat(
	[]Key{{"profile", "name", "a path with published figures, which other settings change", setProfile, func(Set) string { return "" }}},
	effectKeys,
)

// effectKeys are the Keys without profile. Profiles are written in these.
var effectKeys = slices.Concat(
	[]Key{{"rtt", "duration", "round-trip time, half of it each way", setRTT, getRTT}},
	perDirection(quantity{"delay", "duration", "one-way delay", setDuration(0, MaxDelay, func(im *OneWay) *time.Duration { return &im.Delay }), getDelay}, false),
	perDirection(quantity{"jitter", "duration", "variation of the delay either way, or its standard deviation; packets of a connection keep their order",
		setDuration(0, MaxDelay, func(im *OneWay) *time.Duration { return &im.Jitter }), func(im OneWay) string { return formatDuration(im.Jitter) }}, true),
	perDirection(quantity{"jitter-distribution", "name", "how the jitter is spread: " + strings.Join(distributions[:], " or "), setDistribution, getDistribution}, true),
	perDirection(share("loss", "packets lost", func(im *OneWay) *float64 { return &im.Loss }), true),
	perDirection(quantity{"loss-burst", "packets", "mean number of packets lost in a row (Gilbert-Elliott); 1 is independent losses", setBurst, getBurst}, true),
	perDirection(share("reorder", "packets that are not delayed and so overtake", func(im *OneWay) *float64 { return &im.Reorder }), true),
	perDirection(share("duplicate", "packets that arrive twice", func(im *OneWay) *float64 { return &im.Duplicate }), true),
	perDirection(quantity{"rate", "rate", "bits a second, such as 2Mbit; a frame of 1514 bytes counts as such", setRate, getRate}, false),
	perDirection(quantity{"queue", "size", "what waits for the rate before packets are dropped, as a time or in bytes (default " + DefaultQueueTime.String() + ")", setQueue, getQueue}, true),
	[]Key{{"fault", "name", "what is done to chosen packets: " + faultNames(), setFault, getFault}},
)

// quantity is a property that each direction of a path has.
type quantity struct {
	name, unit, summary string
	set                 func(*OneWay, string) error
	get                 func(OneWay) string
}

// direction is one direction of a path.
type direction struct {
	ending  string // of its keys
	summary string
	of      func(*Set) *OneWay
}

var directions = [2]direction{
	{"-up", "from the client to the server", func(im *Set) *OneWay { return &im.Up }},
	{"-down", "from the server to the client", func(im *Set) *OneWay { return &im.Down }},
}

// perDirection returns the keys of a quantity, one for each direction. With
// both, a key that sets both directions comes first.
func perDirection(q quantity, both bool) []Key {
	var keys []Key
	same := func(im Set) bool { return both && q.get(im.Up) == q.get(im.Down) }
	if both {
		keys = append(keys, Key{q.name, q.unit, q.summary,
			func(im *Set, value string) error {
				if err := q.set(&im.Up, value); err != nil {
					return err
				}
				return q.set(&im.Down, value)
			},
			func(im Set) string {
				if same(im) {
					return q.get(im.Up)
				}
				return ""
			},
		})
	}
	for _, d := range directions {
		keys = append(keys, Key{q.name + d.ending, q.unit, q.summary + ", " + d.summary,
			func(im *Set, value string) error { return q.set(d.of(im), value) },
			func(im Set) string {
				if same(im) || q.name == "delay" && getRTT(im) != "" {
					return ""
				}
				return q.get(*d.of(&im))
			},
		})
	}
	return keys
}

// SettingError reports an invalid setting. Its message begins with the key, so
// that a caller can put the two dashes of a flag before it.
type SettingError struct {
	Setting
	Err error
}

func (e *SettingError) Error() string { return fmt.Sprintf("%s %q: %v", e.Key, e.Value, e.Err) }

func (e *SettingError) Unwrap() error { return e.Err }

// parse applies the settings to a path without impairments, in the order of keys,
// and checks the result. Errors are of type *SettingError.
func parse(keys []Key, settings []Setting) (Set, error) {
	im, err := apply(keys, Set{}, settings)
	if err != nil {
		return Set{}, err
	}
	if err := im.Check(); err != nil {
		return Set{}, err
	}
	return im, nil
}

// Apply applies the settings to im, in the order of Keys. It checks each value
// on its own. Set.Check checks values against each other; a caller that sweeps
// over several round trips, for example, calls it for each of them. Errors are
// of type *SettingError.
func Apply(im Set, settings []Setting) (Set, error) { return apply(Keys, im, settings) }

func apply(keys []Key, im Set, settings []Setting) (Set, error) {
	for i, s := range settings {
		if !slices.ContainsFunc(keys, func(k Key) bool { return k.Name == s.Key }) {
			return im, &SettingError{s, fmt.Errorf("unknown key: use one of %s", strings.Join(keyNames(keys), ", "))}
		}
		if slices.ContainsFunc(settings[:i], func(t Setting) bool { return t.Key == s.Key }) {
			return im, &SettingError{s, errors.New("duplicate key")}
		}
	}
	for _, k := range keys {
		i := slices.IndexFunc(settings, func(s Setting) bool { return s.Key == k.Name })
		if i < 0 {
			continue
		}
		if err := k.set(&im, settings[i].Value); err != nil {
			return im, &SettingError{settings[i], err}
		}
	}
	return im, nil
}

// parseText parses settings separated by commas or line ends; # begins a comment
// that extends to the end of the line. It is the inverse of Set.String. Errors
// are of type *SettingError.
func parseText(text string) (Set, error) {
	settings, _, err := readSettings(text)
	if err != nil {
		return Set{}, err
	}
	return parse(Keys, settings)
}

// ParseFile parses a file of settings separated by commas or line ends; # begins a
// comment that extends to the end of the line. An error of reading the file is an
// *fs.PathError. All others wrap a *SettingError and begin with the name of the
// file and, if it is known, the line.
func ParseFile(path string) (Set, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Set{}, err
	}
	settings, lines, err := readSettings(string(b))
	var im Set
	if err == nil {
		im, err = parse(Keys, settings)
	}
	if err == nil {
		return im, nil
	}
	var at *SettingError
	if errors.As(err, &at) {
		line, ok := lines[at.Key]
		if !ok {
			// Invalid in one direction, but given for both.
			line, ok = lines[strings.TrimSuffix(strings.TrimSuffix(at.Key, "-up"), "-down")]
		}
		if ok {
			return Set{}, fmt.Errorf("%s:%d: %w", path, line, err)
		}
	}
	return Set{}, fmt.Errorf("%s: %w", path, err)
}

// readSettings returns the settings in text and the line number of each key.
func readSettings(text string) (settings []Setting, lines map[string]int, err error) {
	lines = map[string]int{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		for part := range strings.SplitSeq(line, ",") {
			fields := strings.Fields(part)
			if len(fields) == 0 {
				continue
			}
			key := fields[0]
			lines[key] = n
			s := Setting{key, strings.Join(fields[1:], " ")}
			if len(fields) != 2 {
				return nil, lines, &SettingError{s, errors.New("write a key and a value, such as rtt 80ms")}
			}
			settings = append(settings, s)
		}
	}
	return settings, lines, nil
}

// settings returns the shortest list of settings that makes im, in the order of
// Keys.
func (im Set) settings() []Setting {
	var settings []Setting
	for _, k := range Keys {
		if value := k.get(im); value != "" {
			settings = append(settings, Setting{k.Name, value})
		}
	}
	return settings
}

// String returns im in the grammar, such as "rtt 80ms, loss 1%"; it is empty
// when there are no impairments.
func (im Set) String() string {
	var words []string
	for _, s := range im.settings() {
		words = append(words, s.String())
	}
	return strings.Join(words, ", ")
}

// FlagSet is implemented by *pflag.FlagSet and *flag.FlagSet.
type FlagSet interface {
	StringVar(p *string, name, value, usage string)
}

// Flags holds the values of the flags that NewFlags defined.
type Flags struct {
	keys   []string
	values []*string
}

// NewFlags defines a flag in fs for every key except those in skip, which the
// command defines itself.
func NewFlags(fs FlagSet, skip ...string) *Flags {
	f := &Flags{}
	for _, k := range Keys {
		if slices.Contains(skip, k.Name) {
			continue
		}
		value := new(string)
		fs.StringVar(value, k.Name, "", fmt.Sprintf("%s (`%s`)", k.Summary, k.Unit))
		f.keys, f.values = append(f.keys, k.Name), append(f.values, value)
	}
	return f
}

// Settings returns the settings of the flags that were given. Call it after the
// command line has been parsed.
func (f *Flags) Settings() []Setting {
	var settings []Setting
	for i, key := range f.keys {
		if *f.values[i] != "" {
			settings = append(settings, Setting{key, *f.values[i]})
		}
	}
	return settings
}

func keyNames(keys []Key) []string {
	var names []string
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return names
}

func setProfile(im *Set, value string) error {
	p, err := profileByName(value)
	if err != nil {
		return err
	}
	*im = p.impairments()
	return nil
}

func setRTT(im *Set, value string) error {
	rtt, err := parseDuration(value, 0, 2*MaxDelay)
	if err == nil {
		*im = im.WithRTT(rtt)
	}
	return err
}

// getRTT returns an empty string if the delays differ by more than a nanosecond.
func getRTT(im Set) string {
	rtt := im.RTT()
	if im != im.WithRTT(rtt) {
		return ""
	}
	return formatDuration(rtt)
}

func getDelay(im OneWay) string { return formatDuration(im.Delay) }

func setDuration(shortest, longest time.Duration, of func(*OneWay) *time.Duration) func(*OneWay, string) error {
	return func(im *OneWay, value string) error {
		d, err := parseDuration(value, shortest, longest)
		if err == nil {
			*of(im) = d
		}
		return err
	}
}

func parseDuration(value string, shortest, longest time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	switch {
	case err != nil:
		return 0, errors.New("not a duration, such as 20ms or 1s")
	case d < 0:
		return 0, errors.New("must not be negative")
	case d < shortest:
		return 0, fmt.Errorf("must be at least %v", shortest)
	case d > longest:
		return 0, fmt.Errorf("must be at most %v", longest)
	}
	return d, nil
}

func formatDuration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// share returns a quantity that is a share of all packets.
func share(name, summary string, of func(*OneWay) *float64) quantity {
	return quantity{name, "percent", "share of " + summary,
		func(im *OneWay, value string) error {
			v, err := parseShare(value)
			if err == nil {
				*of(im) = v
			}
			return err
		},
		func(im OneWay) string { return FormatShare(*of(&im)) },
	}
}

// parseShare parses a percentage. It shifts the decimal point in the text and
// does not divide, so that FormatShare returns the same text for the result.
func parseShare(value string) (float64, error) {
	number, percent := strings.CutSuffix(value, "%")
	if strings.Trim(number, "0123456789.") != "" && !strings.HasPrefix(number, "-") {
		return 0, errors.New("not a percentage, such as 1%")
	}
	v, err := strconv.ParseFloat(number+"e-2", 64)
	switch {
	case err != nil:
		return 0, errors.New("not a percentage, such as 1%")
	case !percent && v != 0:
		return 0, errors.New("must be a percentage, such as 1%")
	case !(v >= 0 && v <= 1):
		return 0, errors.New("must be between 0% and 100%")
	}
	return math.Abs(v), nil // not -0
}

// FormatShare returns a share as the grammar writes it, such as "0.5%" for 0.005.
// It returns an empty string for 0.
func FormatShare(v float64) string {
	if v == 0 {
		return ""
	}
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(v, 'f', -1, 64), ".")
	fraction += "00"
	whole = strings.TrimLeft(whole+fraction[:2], "0")
	if whole == "" {
		whole = "0"
	}
	if fraction = strings.TrimRight(fraction[2:], "0"); fraction != "" {
		whole += "." + fraction
	}
	return whole + "%"
}

func setBurst(im *OneWay, value string) error {
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(v) {
		return errors.New("not a number of packets, such as 4")
	}
	if v < 1 || v > MaxLossBurst {
		return fmt.Errorf("must be between 1 and %d packets", MaxLossBurst)
	}
	im.LossBurst = v
	return nil
}

func getBurst(im OneWay) string {
	if im.LossBurst == 0 {
		return ""
	}
	return strconv.FormatFloat(im.LossBurst, 'f', -1, 64)
}

func setDistribution(im *OneWay, value string) error {
	i := slices.Index(distributions[:], value)
	if i < 0 {
		return fmt.Errorf("unknown distribution: use %s", strings.Join(distributions[:], " or "))
	}
	im.Distribution = Distribution(i)
	return nil
}

func getDistribution(im OneWay) string {
	if im.Distribution == Uniform {
		return ""
	}
	return im.Distribution.String()
}

// rateUnits are the units of tc, from large to small.
var rateUnits = []struct {
	name string
	bits int64
}{{"Gbit", 1e9}, {"Mbit", 1e6}, {"kbit", 1e3}, {"bit", 1}}

func setRate(im *OneWay, value string) error {
	for _, u := range rateUnits {
		if len(value) <= len(u.name) || !strings.EqualFold(value[len(value)-len(u.name):], u.name) {
			continue
		}
		v, err := strconv.ParseFloat(value[:len(value)-len(u.name)], 64)
		switch rate := math.Round(v * float64(u.bits)); {
		case err != nil || math.IsNaN(v):
			return errors.New("not a rate, such as 500kbit, 2Mbit or 1Gbit")
		case rate == 0:
			return errors.New("must be above 0: omit it for no limit")
		case rate < MinRate || rate > MaxRate:
			return errors.New("must be between 1kbit and 1000Gbit")
		default:
			im.Rate = int64(rate)
			return nil
		}
	}
	if v, err := strconv.ParseFloat(value, 64); err == nil && v == 0 {
		return errors.New("must be above 0: omit it for no limit")
	}
	return errors.New("not a rate, such as 500kbit, 2Mbit or 1Gbit")
}

func getRate(im OneWay) string {
	for _, u := range rateUnits {
		if im.Rate != 0 && im.Rate%u.bits == 0 {
			return strconv.FormatInt(im.Rate/u.bits, 10) + u.name
		}
	}
	return ""
}

func setQueue(im *OneWay, value string) error {
	if d, err := time.ParseDuration(value); err == nil {
		if d == 0 {
			return errors.New("must be above 0: omit it for " + DefaultQueueTime.String())
		}
		if d, err = parseDuration(value, 0, MaxQueueTime); err != nil {
			return err
		}
		im.QueueTime, im.QueueBytes = d, 0
		return nil
	}
	if strings.HasPrefix(value, "-") {
		return errors.New("must not be negative")
	}
	n, err := humanize.ParseBytes(value)
	switch {
	case err != nil:
		return errors.New("neither a time, such as 50ms, nor a size, such as 64KiB")
	case n == 0:
		return errors.New("must be above 0: omit it for " + DefaultQueueTime.String())
	case n > MaxQueueBytes:
		return fmt.Errorf("must be at most %s", humanize.IBytes(MaxQueueBytes))
	}
	im.QueueBytes, im.QueueTime = int64(n), 0
	return nil
}

func getQueue(im OneWay) string {
	if im.QueueBytes != 0 {
		return strconv.FormatInt(im.QueueBytes, 10) + "B"
	}
	return formatDuration(im.QueueTime)
}

func setFault(im *Set, value string) (err error) {
	im.Fault, err = faultByName(value)
	return err
}

func getFault(im Set) string {
	if im.Fault == NoFault {
		return ""
	}
	return im.Fault.String()
}

func faultNames() string {
	var names []string
	for _, f := range Faults {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}
