package main

import (
	"net/netip"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
)

func TestLoadRecordHasTheCoordinatesOfItsTarget(t *testing.T) {
	cfg := loadgen.Config{Client: "blocking", Concurrency: 2, Nth: 1, Arrivals: results.SpreadArrivals, Target: loadgen.Target{Addr: netip.MustParseAddrPort("[::1]:80")}}
	want := results.Point{Strategy: externalStrategy, Client: "blocking", Concurrency: 2, IPv6: true, Arrivals: results.SpreadArrivals}
	if got := loadRecord(cfg, loadgen.Report{}, time.Time{}).Point; got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	cfg.Target, cfg.Nth = loadgen.Target{Addr: netip.MustParseAddrPort("127.0.0.1:80"), TLS: true}, 3
	want.IPv6, want.TLS, want.NthRequest = false, true, 3
	if got := loadRecord(cfg, loadgen.Report{}, time.Time{}).Point; got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
