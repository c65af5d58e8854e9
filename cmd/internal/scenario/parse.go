package scenario

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
	"github.com/rejectbench/rejectbench/results/yamlfile"
	"github.com/rejectbench/rejectbench/targets"
)

// Bounds of a part. A scenario is to take a few seconds.
const (
	maxRTT         = 10 * time.Second
	maxBody        = 1 << 30
	maxConcurrency = 1000
	maxRequests    = 100_000
	maxRate        = 10_000 // attempts a second
)

// What names and dates look like. The names are used on the command line, in records
// and in file names.
var (
	scenarioName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
	partName     = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]*$`)
	serverName   = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]*(:[a-z0-9][a-z0-9_.=-]*)?$`)
	reportDate   = regexp.MustCompile(`^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$`)
)

// file is a file as it is written.
type file struct {
	Name     string     `yaml:"name"`
	Title    string     `yaml:"title"`
	Source   string     `yaml:"source"`
	Date     string     `yaml:"date"`
	Reported string     `yaml:"reported"`
	Differs  string     `yaml:"differs"`
	Fixed    fileFix    `yaml:"fixed"`
	Parts    []filePart `yaml:"parts"`
}

type fileFix struct {
	Version string `yaml:"version"`
	Source  string `yaml:"source"`
}

type filePart struct {
	Name        string            `yaml:"name"`
	Summary     string            `yaml:"summary"`
	Shows       string            `yaml:"shows"`
	Server      string            `yaml:"server"`
	Settings    map[string]string `yaml:"settings"`
	Client      string            `yaml:"client"`
	RTT         string            `yaml:"rtt"`
	Body        string            `yaml:"body"`
	Concurrency int               `yaml:"concurrency"`
	Requests    int64             `yaml:"requests"`
	Loss        string            `yaml:"loss"`
	TLS         bool              `yaml:"tls"`
	Nth         int               `yaml:"nth_request"`
	Limit       int               `yaml:"limit"`
	Rate        float64           `yaml:"rate"`
	Arrivals    string            `yaml:"arrivals"`
}

// parse reads a scenario's file. Every error is a *yamlfile.Error with the given file
// name. Anchors, aliases and tags are errors: a scenario needs none.
func parse(name string, b []byte) (Scenario, error) {
	r := &reader{File: yamlfile.File{Name: name, Kind: "scenario", Fields: "name, title, source, date, reported and parts"}}
	if err := r.Read(string(b), &r.file); err != nil {
		return Scenario{}, err
	}
	return r.scenario()
}

// reader reads one file.
type reader struct {
	yamlfile.File
	file file
}

// scenario checks the file and reads the parts.
func (r *reader) scenario() (Scenario, error) {
	f := r.file
	switch {
	case !scenarioName.MatchString(f.Name):
		return Scenario{}, r.ErrorIn("$.name", "name %q: small letters, digits and -", f.Name)
	case !isLine(f.Title):
		return Scenario{}, r.ErrorIn("$.title", "title: say in one line what was lost")
	case !isAddress(f.Source):
		return Scenario{}, r.ErrorIn("$.source", "source %q: write where it was reported, as a URL", f.Source)
	case !reportDate.MatchString(f.Date):
		return Scenario{}, r.ErrorIn("$.date", "date %q: write the date of the report, as 2016-10-13, 2016-10 or 2016", f.Date)
	case !isLine(f.Reported):
		return Scenario{}, r.ErrorIn("$.reported", "reported: say in one paragraph (>-) what was reported, with its parameters")
	case f.Differs != "" && !isLine(f.Differs):
		return Scenario{}, r.ErrorIn("$.differs", "differs: say in one paragraph (>-) how the parts differ from what was reported")
	case f.Fixed != fileFix{} && (!isLine(f.Fixed.Version) || !isLine(f.Fixed.Source)):
		return Scenario{}, r.ErrorIn("$.fixed", "fixed: write version and source, or leave it out")
	case len(f.Parts) == 0:
		return Scenario{}, r.ErrorIn("$.parts", "no parts: write at least one with shows: reported")
	}
	s := Scenario{Scenario: results.Scenario{
		Name: f.Name, Title: f.Title, Source: f.Source, Date: f.Date, Reported: f.Reported, Differs: f.Differs,
		Fixed: f.Fixed.Version, FixedSource: f.Fixed.Source,
	}}
	for i := range f.Parts {
		p, err := r.part(i)
		if err != nil {
			return Scenario{}, err
		}
		if slices.ContainsFunc(s.Parts, func(o Part) bool { return o.Name == p.Name }) {
			return Scenario{}, r.ErrorIn(fmt.Sprintf("$.parts[%d].name", i), "part %s: duplicate name", p.Name)
		}
		s.Parts = append(s.Parts, p)
		s.Scenario.Parts = append(s.Scenario.Parts, p.ScenarioPart)
	}
	if !slices.ContainsFunc(s.Parts, func(p Part) bool { return p.Shows == results.RoleReported }) {
		return Scenario{}, r.ErrorIn("$.parts", "no part shows: %s", results.RoleReported)
	}
	return s, nil
}

func (r *reader) part(i int) (p Part, err error) {
	f := r.file.Parts[i]
	wrong := func(field, format string, args ...any) (Part, error) {
		return Part{}, r.ErrorIn(fmt.Sprintf("$.parts[%d].%s", i, field), "part %s: "+format, append([]any{f.Name}, args...)...)
	}
	p = Part{
		ScenarioPart: results.ScenarioPart{Name: f.Name, Summary: f.Summary, Shows: f.Shows},
		Requests:     f.Requests,
		Point: results.Point{
			Scenario: r.file.Name, Part: f.Name, Strategy: f.Server, Client: f.Client, Concurrency: f.Concurrency, TLS: f.TLS, NthRequest: f.Nth,
			Limit: f.Limit, Rate: f.Rate,
		},
	}
	switch {
	case !partName.MatchString(f.Name):
		return Part{}, r.ErrorIn(fmt.Sprintf("$.parts[%d].name", i), "part %q: name it with letters, digits, _, . and -", f.Name)
	case !isLine(f.Summary):
		return wrong("summary", "say in one line what it measures")
	case !slices.ContainsFunc(results.ScenarioRoles, func(t results.Term) bool { return t.Name == f.Shows }):
		return wrong("shows", "shows %q: there are %s", f.Shows, roleNames())
	case !serverName.MatchString(f.Server):
		return wrong("server", "server %q: a strategy, or a server of the catalogue as NAME or NAME:VARIANT", f.Server)
	case !knownClient(f.Client):
		return wrong("client", "unknown client %q: 'rejectbench list clients' lists them", f.Client)
	case f.Concurrency < 1 || f.Concurrency > maxConcurrency:
		return wrong("concurrency", "concurrency %d: within 1 and %d", f.Concurrency, maxConcurrency)
	case f.Requests < 1 || f.Requests > maxRequests:
		return wrong("requests", "requests %d: within 1 and %d", f.Requests, maxRequests)
	case f.Nth < 0 || f.Nth > loadgen.MaxNth:
		return wrong("nth_request", "nth_request %d: within 1 and %d", f.Nth, loadgen.MaxNth)
	}
	if f.Limit < 0 {
		return wrong("limit", "limit %d: 0 or more", f.Limit)
	}
	if !(f.Rate >= 0 && f.Rate <= maxRate) {
		return wrong("rate", "rate %v: within 0 and %d a second", f.Rate, int(maxRate))
	}
	if p.Point.Arrivals, err = results.CompleteArrivals(f.Arrivals, f.Rate); err != nil {
		return wrong("arrivals", "arrivals %q: %w", f.Arrivals, err)
	}
	rtt, err := parseDuration(f.RTT, maxRTT)
	if err != nil {
		return wrong("rtt", "rtt %q: %w", f.RTT, err)
	}
	p.Point.RTTMs = units.Milliseconds(rtt)
	if p.Point.BodyBytes, err = parseSize(f.Body, maxBody); err != nil {
		return wrong("body", "body %q: %w", f.Body, err)
	}
	if p.Point.Loss, err = parseLoss(f.Loss); err != nil {
		return wrong("loss", "loss %q: %w", f.Loss, err)
	}
	for _, name := range slices.Sorted(maps.Keys(f.Settings)) {
		s, err := parseSetting(f.Server, name, f.Settings[name])
		if err != nil {
			return wrong("settings", "%w", err)
		}
		p.settings = append(p.settings, s)
	}
	p.Point.Settings = p.describe()
	p.Point = p.Point.Key()
	return p, nil
}

// parseSetting reads a setting of a strategy.
func parseSetting(strategy, name, word string) (settingValue, error) {
	// limit is not a setting of how a strategy rejects.
	of := slices.DeleteFunc(targets.SettingsOf(strategy), func(s targets.Setting) bool { return s.Strategies == nil })
	i := slices.IndexFunc(of, func(s targets.Setting) bool { return s.Name == name })
	if i < 0 {
		var names []string
		for _, s := range of {
			names = append(names, s.Name)
		}
		if len(names) == 0 {
			return settingValue{}, fmt.Errorf("setting %q: %s has none", name, strategy)
		}
		return settingValue{}, fmt.Errorf("setting %q: %s has %s", name, strategy, strings.Join(names, ", "))
	}
	s := settingValue{Setting: of[i]}
	var err error
	switch s.Unit {
	case targets.Nanoseconds:
		var d time.Duration
		d, err = parseDuration(word, time.Duration(s.High))
		s.value = int64(d)
	default:
		s.value, err = parseSize(word, s.High)
	}
	if err == nil && s.value == 0 {
		err = errors.New("must be above 0: leave it out for the default")
	}
	if err != nil {
		return settingValue{}, fmt.Errorf("%s %q: %w", name, word, err)
	}
	return s, nil
}

// The fields of a part may be left out, which is 0.

func parseDuration(word string, most time.Duration) (time.Duration, error) {
	if word == "" {
		return 0, nil
	}
	d, err := units.ParseDuration(word)
	if err == nil && d > most {
		err = fmt.Errorf("within 0 and %v", most)
	}
	return d, err
}

func parseSize(word string, most int64) (int64, error) {
	if word == "" {
		return 0, nil
	}
	return units.ParseSize(word, most)
}

func parseLoss(word string) (float64, error) {
	if word == "" {
		return 0, nil
	}
	v, err := units.ParseShare(word)
	if err != nil || v == 1 {
		return 0, errors.New("not a percentage such as 1%, from 0% to below 100%")
	}
	return v, nil
}

func knownClient(name string) bool {
	if _, ok := drivers.ByName(name); ok {
		return true
	}
	_, err := loadgen.ClientByName(name)
	return err == nil
}

func roleNames() string {
	var names []string
	for _, t := range results.ScenarioRoles {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

// isLine tells whether a text has more than blanks, and no line end or other control
// character.
func isLine(s string) bool {
	return strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f })
}

func isAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && isLine(s)
}
