package main

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
)

// Every directive of the table that names a server of the catalogue can be set there,
// and every directive of the catalogue is in the table.
func TestDirectivesAreThoseOfTheCatalogue(t *testing.T) {
	all := knownServers(t)
	inTable := map[string]bool{}
	for _, d := range targets.Directives {
		name := d.Catalogue()
		if name == "" {
			continue
		}
		inTable[name] = true
		kept, ok := d.Keep(d.Steps().Min)
		if !ok {
			t.Errorf("%s: its least value is not kept", name)
		}
		if _, _, err := all.Lookup(name + "=" + d.Value(kept)); err != nil {
			t.Error(err)
		}
	}
	for _, s := range all {
		for _, d := range s.Directives {
			if !inTable[s.Name+":"+d.Name] {
				t.Errorf("%s:%s is not in the table of directives", s.Name, d.Name)
			}
		}
	}
}

// A server that ends or does not listen refuses its configuration.
func TestEveryServerAcceptsItsDirectivesAtBothEnds(t *testing.T) {
	all := knownServers(t)
	for _, d := range targets.Directives {
		name := d.Catalogue()
		if name == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			server, _, err := all.Lookup(strings.Split(name, ":")[0])
			if err != nil {
				t.Fatal(err)
			}
			needServer(t, server)
			setting, err := targets.SettingByName(d.Setting)
			if err != nil {
				t.Fatal(err)
			}
			low, high := setting.Low, setting.High
			if steps := d.Steps(); setting.LargerIsCheaper {
				low = max(low, steps.Min)
			}
			for _, v := range []int64{low, high} {
				kept, ok := d.Keep(v)
				if !ok {
					t.Fatalf("%d is not kept", v)
				}
				p := prepare(t, "exec", "--server", name+"="+d.Value(kept), "--path", "loopback", "--rtt", "0", "--", "true")
				p.start()
				if _, code := p.wait(); code != exitDone {
					t.Errorf("%s: exit code %d: %s", d.Write(v), code, p.stderr)
				}
			}
		})
	}
}

// nginx holds an admitted request for a second. If limit_conn counted nothing, every
// request would be held.
func TestNginxRejectsAboveItsLimitAtOnce(t *testing.T) {
	nginx, _, err := knownServers(t).Lookup("nginx")
	if err != nil {
		t.Fatal(err)
	}
	needServer(t, nginx)
	for _, server := range []string{"nginx:limit_conn", "nginx:limit_conn=2"} {
		p := prepare(t, "run", "--rounds", "1", "--server", server, "--rtt", "0", "--body", "0", "--concurrency", "6", "--requests", "12",
			"--arrivals", "closed", "--aa", "0", "--client", "blocking", "--path", "loopback", "--format", "json", "--quiet")
		p.start()
		if _, code := p.wait(); code != exitDone && code != exitUnanswered {
			t.Fatalf("%s: exit code %d: %s", server, code, p.stderr)
		}
		run, err := results.Open(p.out)
		if err != nil {
			t.Fatal(err)
		}
		soonest := time.Duration(math.MaxInt64)
		for _, c := range run.Cells {
			for key, encoded := range c.Histograms {
				if !strings.HasPrefix(key, "end/") {
					continue
				}
				h, err := results.DecodeHistogram(encoded)
				if err != nil {
					t.Fatal(err)
				}
				soonest = min(soonest, time.Duration(h.Min()))
			}
		}
		if soonest >= time.Second {
			t.Errorf("%s: the first answer came after %v", server, soonest)
		}
	}
}
