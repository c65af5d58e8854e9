package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
)

// version is the version of the tool. toolVersion adds the revision.
const version = "0.1.0"

// toolVersion returns the version and, if known, the revision of this build.
func toolVersion() string {
	name := "rejectbench " + version
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return name
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			name += " " + s.Value[:12]
		}
	}
	return name
}

// newManifest describes a run that is about to start.
func newManifest(name string, o sweep.Options, fs *pflag.FlagSet) (results.Manifest, error) {
	machine, err := describeMachine()
	if err != nil {
		return results.Manifest{}, fmt.Errorf("describe this machine: %w", err)
	}
	options := flagValues(fs)
	// The defaults of these depend on other flags.
	options["rounds"], options["max-cell"] = strconv.Itoa(o.Rounds), o.MaxCell.String()
	return results.Manifest{
		Name:       name,
		Tool:       toolVersion(),
		Go:         runtime.Version(),
		System:     runtime.GOOS + "/" + runtime.GOARCH,
		Kernel:     machine.kernel,
		CPU:        machine.cpu,
		Cores:      runtime.NumCPU(),
		Started:    time.Now().UTC(),
		PathKind:   string(o.Path.Kind),
		Seed:       int64(o.Seed),
		Options:    options,
		Planned:    o.Planned(),
		Strategies: strategyTerms(),
		Clients:    clientTerms(),
	}, nil
}

// machine describes the machine beyond what the Go runtime knows.
type machine struct {
	kernel, cpu string
}

// flagValues returns the value of every flag, given or default.
func flagValues(fs *pflag.FlagSet) map[string]string {
	values := map[string]string{}
	fs.VisitAll(func(fl *pflag.Flag) {
		if fl.Name != "help" {
			values[fl.Name] = fl.Value.String()
		}
	})
	return values
}
