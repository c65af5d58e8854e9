package scenario

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/yamlfile"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/catalogue"
)

func all(t testing.TB) []Scenario {
	t.Helper()
	found, err := All()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEveryScenarioIsInTheFileOfItsNameAndNoTwoShareOne(t *testing.T) {
	entries, err := embedded.ReadDir("files")
	if err != nil {
		t.Fatal(err)
	}
	found := all(t)
	if len(found) != len(entries) || len(found) < 16 {
		t.Fatalf("%d scenarios in %d files", len(found), len(entries))
	}
	for i, s := range found {
		if want := entries[i].Name(); s.Name+".yaml" != want {
			t.Errorf("%s is in %s", s.Name, want)
		}
		if one, err := Lookup(s.Name); err != nil || one.Title != s.Title {
			t.Errorf("%s is not found: %v", s.Name, err)
		}
	}
}

func TestEveryPartHasAServerThatTheProgramKnows(t *testing.T) {
	servers, err := catalogue.Open("")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all(t) {
		for _, p := range s.Parts {
			if _, err := targets.StrategyByName(p.Point.Strategy); err == nil {
				continue
			}
			if _, _, err := servers.Lookup(p.Point.Strategy); err != nil {
				t.Errorf("%s/%s: %v", s.Name, p.Name, err)
			}
		}
	}
}

// A loss proves something only beside a measurement without it.
func TestEveryScenarioHasAControl(t *testing.T) {
	for _, s := range all(t) {
		controls := 0
		for _, p := range s.Parts {
			if p.Shows == results.RoleControl {
				controls++
			}
		}
		if controls == 0 {
			t.Errorf("%s has none", s.Name)
		}
	}
}

// Where another program stands in for the reported server or client, the file has
// to say so.
func TestAScenarioWithAStandInSaysHowItDiffers(t *testing.T) {
	for _, s := range all(t) {
		for _, p := range s.Parts {
			_, library := drivers.ByName(p.Point.Client)
			_, err := targets.StrategyByName(p.Point.Strategy)
			if p.Shows == results.RoleReported && (err == nil || !library) && s.Differs == "" {
				t.Errorf("%s/%s", s.Name, p.Name)
			}
		}
	}
}

// Only the software itself can show that it is fixed, not a program in its place.
func TestAFixIsShownByTheSoftwareItself(t *testing.T) {
	for _, s := range all(t) {
		for _, p := range s.Parts {
			_, library := drivers.ByName(p.Point.Client)
			_, err := targets.StrategyByName(p.Point.Strategy)
			if p.Shows == results.RoleFixed && err == nil && p.Point.Strategy != "nethttp" && !library {
				t.Errorf("%s/%s", s.Name, p.Name)
			}
		}
	}
}

const good = `name: tiny
title: a tiny report
source: https://example.org/1
date: 2020-01
reported: >-
  one line
  and its second
fixed: { version: "2", source: the changes }
parts:
  - name: it
    summary: the case
    shows: reported
    server: delayed-close
    settings: { close-delay: 1s }
    client: blocking
    rtt: 5ms
    body: 1MiB
    loss: 1.5%
    concurrency: 2
    requests: 20
    nth_request: 3
    tls: true
`

func TestAFileIsReadWithItsValues(t *testing.T) {
	s, err := parse("tiny.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	p := s.Parts[0]
	if s.Reported != "one line and its second" || s.Fixed != "2" || s.Scenario.Parts[0].Name != "it" {
		t.Errorf("%+v", s.Scenario)
	}
	if p.Point.RTT() != 5*time.Millisecond || p.Point.BodyBytes != 1<<20 || p.Point.Loss != 0.015 || p.Point.NthRequest != 3 || !p.Point.TLS || p.Requests != 20 {
		t.Errorf("%+v", p)
	}
	before := targets.Bounds{LingerIdle: time.Minute}
	if b := p.Bounds(before); b.CloseDelay != time.Second || b.LingerIdle != time.Minute || p.Point.Settings != "close-delay=1s" {
		t.Errorf("%+v, %s", b, p.Point.Settings)
	}
}

func TestAPartHasAFieldForEveryFlagOfAGrid(t *testing.T) {
	fields := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[filePart]()) {
		fields[f.Tag.Get("yaml")] = true
	}
	fields["strategy"] = fields["server"] // servers of the catalogue too
	for _, c := range results.Coordinates {
		if c.Flag != "" && !fields[c.Name] {
			t.Errorf("a part has no %s", c.Name)
		}
	}
}

func TestAUsersFileIsFoundByItsPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tiny.yaml")
	if err := os.WriteFile(path, []byte(good), 0o644); err != nil {
		t.Fatal(err)
	}
	if s, err := Lookup(path); err != nil || s.Name != "tiny" {
		t.Errorf("%v, %v", s.Name, err)
	}
	if _, err := Lookup("nosuch"); err == nil || !strings.Contains(err.Error(), "node-9085") {
		t.Errorf("%v", err)
	}
}

func TestAnErrorNamesItsPlaceInTheFile(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"field":       {"title: a", "tittle: a", `f.yaml:2:1: unknown field "tittle"`},
		"nothing":     {good, "", "f.yaml:1:1: not a scenario"},
		"name":        {"name: tiny", "name: Tiny Report", "f.yaml:1:7: name "},
		"title":       {"title: a tiny report", "title: ''", "f.yaml:2:8: title: "},
		"source":      {"https://example.org/1", "example.org", "f.yaml:3:9: source "},
		"date":        {"2020-01", "January", "f.yaml:4:7: date "},
		"fixed":       {", source: the changes", "", "f.yaml:8:10: fixed: write version and source"},
		"part":        {"name: it", "name: 'it!'", `f.yaml:10:11: part "it!"`},
		"shows":       {"shows: reported", "shows: proof", `f.yaml:12:12: part it: shows "proof": there are reported, control, fixed`},
		"unreported":  {"shows: reported", "shows: control", "f.yaml:10:3: no part shows: reported"},
		"server":      {"server: delayed-close", "server: 'a b'", `f.yaml:13:13: part it: server "a b"`},
		"setting":     {"close-delay: 1s", "linger-bytes: 1", `f.yaml:14:17: part it: setting "linger-bytes": delayed-close has close-delay`},
		"no settings": {"server: delayed-close", "server: nginx", `f.yaml:14:17: part it: setting "close-delay": nginx has none`},
		"limit":       {"close-delay: 1s", "limit: 1", `f.yaml:14:17: part it: setting "limit"`},
		"zero":        {"close-delay: 1s", "close-delay: 0", `f.yaml:14:17: part it: close-delay "0": must be above 0`},
		"client":      {"client: blocking", "client: telnet", `f.yaml:15:13: part it: unknown client "telnet"`},
		"rtt":         {"rtt: 5ms", "rtt: 5", `f.yaml:16:10: part it: rtt "5": not a duration`},
		"long":        {"rtt: 5ms", "rtt: 1m", `f.yaml:16:10: part it: rtt "1m": within 0 and 10s`},
		"body":        {"body: 1MiB", "body: big", `f.yaml:17:11: part it: body "big"`},
		"loss":        {"loss: 1.5%", "loss: 100%", `f.yaml:18:11: part it: loss "100%"`},
		"concurrency": {"concurrency: 2", "concurrency: 0", `f.yaml:19:18: part it: concurrency 0`},
		"requests":    {"    requests: 20\n", "", `f.yaml:10:5: part it: requests 0`},
		"nth":         {"nth_request: 3", "nth_request: -1", `f.yaml:21:18: part it: nth_request -1`},
		"point limit": {"nth_request: 3", "limit: -1", `f.yaml:21:12: part it: limit -1`},
		"rate":        {"nth_request: 3", "rate: -1", `f.yaml:21:11: part it: rate -1`},
		"arrivals":    {"nth_request: 3", "arrivals: poisson", `f.yaml:21:15: part it: arrivals "poisson": a rate is missing`},
		"anchor":      {"name: tiny", "name: &a tiny", "f.yaml:1:7: anchors, aliases and tags"},
		"yaml":        {"title: a tiny report", "title: [", "f.yaml:"},
		"twice":       {"    tls: true\n", "    tls: true\n" + good[strings.Index(good, "  - name: it"):], "f.yaml:23:11: part it: duplicate name"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, c.old, c.new, 1)
			if text == good {
				t.Fatalf("%q is not in the file", c.old)
			}
			_, err := parse("f.yaml", []byte(text))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// Every file is a whole scenario or an error with a place in it.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	entries, err := embedded.ReadDir("files")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		b, err := embedded.ReadFile("files/" + e.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parse("fuzz.yaml", b)
		var at *yamlfile.Error
		switch {
		case err != nil:
			if !errors.As(err, &at) || at.Line < 1 || at.Column < 1 || strings.Contains(err.Error(), "\n") {
				t.Fatalf("not one line with a place: %v", err)
			}
			return
		case s.Name == "" || len(s.Parts) == 0 || len(s.Parts) != len(s.Scenario.Parts):
			t.Fatalf("not whole: %+v", s)
		}
		for _, p := range s.Parts {
			if p.Requests < 1 || p.Point.Concurrency < 1 || p.Point.Request() < 1 || p.Point.BodyBytes < 0 || p.Point.RTTMs < 0 || p.Point.Loss < 0 || p.Point.Loss >= 1 {
				t.Fatalf("not to be run: %+v", p)
			}
		}
	})
}
