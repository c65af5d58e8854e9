package impair_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
	"github.com/rejectbench/rejectbench/targets/netpath/impair/impairtest"
)

func TestCanonicalFormParsesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		im := impairtest.Set(t)
		if err := im.Check(); err != nil {
			t.Fatalf("Check: %v", err)
		}
		got, err := impair.ParseText(im.String())
		if err != nil {
			t.Fatalf("%s: %v", im, err)
		}
		if got != im {
			t.Fatalf("%s:\n got %+v\nwant %+v", im, got, im)
		}
	})
}

func TestCanonicalFormIsShortest(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		"rtt 0":                          "",
		"rtt 80ms":                       "rtt 80ms",
		"delay-up 40ms, delay-down 40ms": "rtt 80ms",
		"delay-down 5ms":                 "delay-down 5ms",
		"rtt 3ns":                        "rtt 3ns",
		"loss 0.5%":                      "loss 0.5%",
		"loss 1%, loss-down 2%":          "loss-up 1%, loss-down 2%",
		"loss-down 1%, loss-up 1%":       "loss 1%",
		"loss-down 2%, loss 1%":          "loss-up 1%, loss-down 2%",
		"loss 100%":                      "loss 100%",
		"loss 0.0001%":                   "loss 0.0001%",
		"loss 12.50%":                    "loss 12.5%",
		"rate-up 2Mbit":                  "rate-up 2Mbit",
		"rate-up 1.5mbit":                "rate-up 1500kbit",
		"rate-down 1000Mbit":             "rate-down 1Gbit",
		"rate-up 2Mbit, queue 64KiB":     "rate-up 2Mbit, queue 65536B",
		"rate-up 2Mbit, queue-up 50ms":   "rate-up 2Mbit, queue-up 50ms",
		"rtt 80ms, jitter 5ms, loss 0.5%\nrate-up 2Mbit # slow\n\nqueue 50ms": "rtt 80ms, jitter 5ms, loss 0.5%, rate-up 2Mbit, queue 50ms",
		"fault none":                     "",
		"fault drop-rst":                 "fault drop-rst",
		"profile lte":                    "rtt 70ms, rate-up 12Mbit, rate-down 12Mbit",
		"rtt 10ms, loss 1%, profile lte": "rtt 10ms, loss 1%, rate-up 12Mbit, rate-down 12Mbit",
		"rtt 80ms, jitter 5ms, jitter-distribution normal": "rtt 80ms, jitter 5ms, jitter-distribution normal",
	} {
		im, err := impair.ParseText(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if got := im.String(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestErrorNamesKeyAndValueInOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"rrt 80ms":                            `rrt "80ms": unknown key: use one of profile, rtt,`,
		"rtt":                                 `rtt "": write a key and a value, such as rtt 80ms`,
		"rtt 80 ms":                           `rtt "80 ms": write a key and a value`,
		"rtt 80":                              `rtt "80": not a duration, such as 20ms or 1s`,
		"rtt -1ms":                            `rtt "-1ms": must not be negative`,
		"rtt 11s":                             `rtt "11s": must be at most 10s`,
		"delay-up 6s":                         `delay-up "6s": must be at most 5s`,
		"rtt 1ms, rtt 2ms":                    `rtt "2ms": duplicate key`,
		"jitter 5ms":                          `jitter "5ms": must not exceed the one-way delay of 0s`,
		"rtt 8ms, jitter 5ms":                 `jitter "5ms": must not exceed the one-way delay of 4ms`,
		"rtt 8ms, jitter-down 5ms":            `jitter-down "5ms": must not exceed the one-way delay of 4ms`,
		"jitter-distribution gamma":           `jitter-distribution "gamma": unknown distribution: use uniform or normal`,
		"loss 1":                              `loss "1": must be a percentage, such as 1%`,
		"loss 101%":                           `loss "101%": must be between 0% and 100%`,
		"loss -1%":                            `loss "-1%": must be between 0% and 100%`,
		"loss NaN%":                           `loss "NaN%": not a percentage, such as 1%`,
		"loss 1e1%":                           `loss "1e1%": not a percentage, such as 1%`,
		"loss %":                              `loss "%": not a percentage, such as 1%`,
		"loss 90%, loss-burst 2":              `loss "90%": bursts of 2 packets, separated by at least one packet, lose at most 66.67%`,
		"loss-burst 0":                        `loss-burst "0": must be between 1 and 1000000 packets`,
		"loss-burst NaN":                      `loss-burst "NaN": not a number of packets, such as 4`,
		"reorder 1%":                          `reorder "1%": needs a delay: a reordered packet overtakes by not being delayed`,
		"rate-up 0":                           `rate-up "0": must be above 0: omit it for no limit`,
		"rate-up 0Mbit":                       `rate-up "0Mbit": must be above 0`,
		"rate-up 2":                           `rate-up "2": not a rate, such as 500kbit, 2Mbit or 1Gbit`,
		"rate-up -2Mbit":                      `rate-up "-2Mbit": must be between 1kbit and 1000Gbit`,
		"rate-up 2MB":                         `rate-up "2MB": not a rate`,
		"rate-up 10bit":                       `rate-up "10bit": must be between 1kbit and 1000Gbit`,
		"rate-up infMbit":                     `rate-up "infMbit": must be between`,
		"rate-up 1Mbit, queue 0":              `queue "0": must be above 0: omit it for 100ms`,
		"rate-up 1Mbit, queue -50ms":          `queue "-50ms": must not be negative`,
		"rate-up 1Mbit, queue -5KiB":          `queue "-5KiB": must not be negative`,
		"rate-up 1Mbit, queue 2GiB":           `queue "2GiB": must be at most 1.0 GiB`,
		"rate-up 1Mbit, queue much":           `queue "much": neither a time, such as 50ms, nor a size, such as 64KiB`,
		"queue 50ms":                          `queue "50ms": has no effect without a rate: set rate-up`,
		"rate-up 1Mbit, queue-down 50ms":      `queue-down "50ms": has no effect without a rate: set rate-down`,
		"fault drop-syn":                      `fault "drop-syn": unknown fault: use one of none, drop-first-response,`,
		"profile moon":                        `profile "moon": unknown profile: use one of same-zone,`,
		"profile geo-satellite, jitter 400ms": `jitter "400ms": must not exceed the one-way delay of 341.5ms`,
	} {
		_, err := impair.ParseText(text)
		if err == nil {
			t.Errorf("%q: no error", text)
		} else if got := err.Error(); !strings.HasPrefix(got, want) || strings.Contains(got, "\n") {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestFileErrorNamesItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"# a path\nrtt 80ms\n\nloss 1\n":          `:4: loss "1": must be a percentage`,
		"rtt 80ms\njitter 50ms\n":                 `:2: jitter "50ms": must not exceed`,
		"jitter-up 50ms\njitter-down 50ms":        `: jitter "50ms": must not exceed`,
		"delay-up 1ms\njitter 2ms\njitter-up 1ms": `:2: jitter-down "2ms": must not exceed`,
		"rtt 80ms\nrtt 1ms":                       `:2: rtt "1ms": duplicate key`,
		"rtt\n":                                   `:1: rtt "": write a key`,
		"bogus 1":                                 `:1: bogus "1": unknown key`,
	} {
		path := filepath.Join(t.TempDir(), "path.txt")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := impair.ParseFile(path); err == nil || !strings.HasPrefix(err.Error(), path+want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := impair.ParseFile(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error for a file that is not there")
	}
}

func TestCheckRejectsWhatTheGrammarCannotExpress(t *testing.T) {
	for name, im := range map[string]impair.Set{
		"negative delay":       {Up: impair.OneWay{Delay: -1}},
		"negative jitter":      {Down: impair.OneWay{Jitter: -1}},
		"loss above one":       {Up: impair.OneWay{Loss: 1.1}},
		"two bounds of queue":  {Up: impair.OneWay{Rate: 1e6, QueueBytes: 1, QueueTime: 1}},
		"unknown fault":        {Fault: impair.Fault(len(impair.Faults))},
		"unknown distribution": {Up: impair.OneWay{Distribution: 9}},
	} {
		if err := im.Check(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestEveryKeyHasFlagAndDocumentation(t *testing.T) {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	// Flags that run defines itself: defining one twice would panic.
	for _, name := range []string{
		"strategy", "client", "rtt", "concurrency", "body", "loss", "limit", "service-time", "requests", "duration", "rate", "rounds",
		"path", "congestion", "seed", "out", "name", "format", "quiet", "timeout", "read-delay", "max-cell", "close-delay", "quiet-floor", "ack-timeout",
	} {
		fs.String(name, "", "")
	}
	flags := impair.NewFlags(fs, "rtt", "loss")
	if err := fs.Parse([]string{"--jitter-up", "5ms", "--rate-up=2Mbit", "--profile", "lte", "--rtt", "10ms"}); err != nil {
		t.Fatal(err)
	}
	got, err := impair.Apply(impair.Set{}, flags.Settings())
	if err != nil {
		t.Fatal(err)
	}
	if want := "rtt 70ms, jitter-up 5ms, rate-up 2Mbit, rate-down 12Mbit"; got.String() != want {
		t.Errorf("%q, want %q", got, want)
	}
	seen := map[string]bool{}
	for _, k := range impair.Keys {
		if k.Name == "" || k.Unit == "" || k.Summary == "" || seen[k.Name] {
			t.Errorf("%+v", k)
		}
		seen[k.Name] = true
		if fs.Lookup(k.Name) == nil {
			t.Errorf("no flag for %s", k.Name)
		}
	}
}

func TestEveryProfileHasFiguresAndSource(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range impair.Profiles {
		if p.Name == "" || p.Summary == "" || p.Source == "" || seen[p.Name] {
			t.Errorf("%+v", p)
		}
		seen[p.Name] = true
		im, err := impair.ParseText(p.Values)
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if im.RTT() == 0 {
			t.Errorf("%s has no round trip", p.Name)
		}
		if im.Fault != impair.NoFault || strings.Contains(p.Values, "profile") {
			t.Errorf("%s: %s", p.Name, p.Values)
		}
		got, err := impair.ParseText("profile " + p.Name)
		if err != nil || got != im {
			t.Errorf("profile %s: %v, %v", p.Name, got, err)
		}
	}
}

func FuzzParseText(f *testing.F) {
	for _, p := range impair.Profiles {
		f.Add(p.Values)
	}
	f.Add("profile lte, rtt 10ms\nloss 1% # comment\n\nqueue-up 64KiB, fault drop-rst")
	f.Add("loss-burst 2, loss 1.5%, jitter 1ms, jitter-distribution normal, reorder 1%, duplicate 0.1%")
	f.Fuzz(func(t *testing.T, text string) {
		im, err := impair.ParseText(text)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without a message")
			}
			return
		}
		if err := im.Check(); err != nil {
			t.Fatalf("%q parses, but %v", text, err)
		}
		back, err := impair.ParseText(im.String())
		if err != nil || back != im {
			t.Fatalf("%q -> %q -> %+v, %v; want %+v", text, im, back, err, im)
		}
	})
}
