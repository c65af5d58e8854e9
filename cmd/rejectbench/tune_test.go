package main

import (
	"testing"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/catalogue"
)

// Without any flag, tune once measured the first point of run's default grid:
// linger-zero without a delay.
func TestTuneWithoutFlagsMeasuresItsDocumentedDefaults(t *testing.T) {
	var f tuneFlags
	cmd := f.command()
	if err := cmd.ParseFlags(nil); err != nil {
		t.Fatal(err)
	}
	o, err := f.options(cmd.Flags(), knownServers(t))
	if err != nil {
		t.Fatal(err)
	}
	want := results.Point{Strategy: "lingering-close", RTTMs: 50, BodyBytes: 1 << 20, Arrivals: results.SpreadArrivals}
	if len(o.Corners) != 1 || o.Corners[0].Point != want || o.Setting.Name != "linger-total" || o.Clients[0].Client != "blocking" || o.Margin != 2 {
		t.Errorf("setting %s at %+v, want %+v", o.Setting.Name, o.Corners, want)
	}
}

func TestTuneMeasuresTheHardestCornerFirst(t *testing.T) {
	var f tuneFlags
	cmd := f.command()
	if err := cmd.ParseFlags([]string{"--rtt", "5ms,80ms,20ms", "--body", "0,1MiB,100kB", "--client", "blocking,duplex"}); err != nil {
		t.Fatal(err)
	}
	o, err := f.options(cmd.Flags(), knownServers(t))
	if err != nil {
		t.Fatal(err)
	}
	first, last := o.Corners[0].Point, o.Corners[len(o.Corners)-1].Point
	if len(o.Corners) != 18 || first.RTTMs != 80 || first.BodyBytes != 1<<20 || last.RTTMs != 5 || last.BodyBytes != 0 {
		t.Errorf("%d corners, %+v to %+v", len(o.Corners), first, last)
	}
}

func TestTuneFindsTheDirectiveOfAServer(t *testing.T) {
	for server, want := range map[string]string{
		"nginx": "lingering_time", "nginx:lingering_timeout": "lingering_timeout", "nginx:lingering_close=always": "", "haproxy": "timeout client", "tomcat": "maxSwallowSize", "caddy": "",
	} {
		var f tuneFlags
		cmd := f.command()
		if err := cmd.ParseFlags([]string{"--server", server}); err != nil {
			t.Fatal(err)
		}
		o, err := f.options(cmd.Flags(), knownServers(t))
		if err != nil {
			t.Fatal(err)
		}
		if o.Server.Directive.Name != want || o.Server.Explicit != (server == "nginx:lingering_timeout") {
			t.Errorf("%s: %+v", server, o.Server)
		}
	}
}

func knownServers(t *testing.T) catalogue.Catalogue {
	t.Helper()
	all, err := catalogue.Open("")
	if err != nil {
		t.Fatal(err)
	}
	return all
}
