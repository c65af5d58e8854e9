package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/calibrate"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// doctorFlags are the flags of `doctor` as they were given.
type doctorFlags struct {
	calibrate    bool
	path, format string
	seed         uint64
}

func doctorCommand() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "show what this machine allows, and how to allow the rest",
		Long: `Show which paths this machine allows, and how to allow the others. With
--calibrate, measure whether a path delays and loses as asked, in about 20 s,
and exit with 1 if it does not.`,
		Args: positional(0, 0, "takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.calibrate {
				return runCalibration(cmd, f)
			}
			for _, name := range []string{"path", "format", "seed"} {
				if cmd.Flags().Changed(name) {
					return usagef("--%s %s: only with --calibrate", name, cmd.Flags().Lookup(name).Value)
				}
			}
			return doctor(cmd)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.calibrate, "calibrate", false, "measure handshakes, lateness, loss and an upload over a path")
	fs.StringVar(&f.path, "path", "auto", "`kind`: with --calibrate, path to measure: auto, netem or delayline")
	fs.StringVar(&f.format, "format", "text", "`text|json`: with --calibrate, what is printed; json is one object")
	fs.Uint64Var(&f.seed, "seed", 1, "`number`: with --calibrate, seed of packet loss")
	calibratedKinds.complete(cmd, "path")
	textOrJSON.complete(cmd, "format")
	return cmd
}

// calibratedKinds are the paths that --calibrate measures: those that can delay and
// lose packets.
var calibratedKinds = vocabulary{noun: "path", terms: func() []results.Term {
	return slices.DeleteFunc(kindTerms(), func(t results.Term) bool { return t.Name == string(netpath.Loopback) })
}}

// remedies say how to allow a kind of path.
var remedies = map[netpath.Kind]string{
	netpath.Netem:     "needs a kernel with the sch_netem module (modprobe sch_netem; Debian: linux-image of the distribution), and root or user namespaces",
	netpath.DelayLine: "needs root, or user namespaces for ordinary users (sysctl user.max_user_namespaces above 0, kernel.unprivileged_userns_clone=1 on older Debian, kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu), and the kernel's veth and AF_PACKET",
}

func doctor(cmd *cobra.Command) error {
	w := cmd.OutOrStdout()
	m, err := describeMachine()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "system     %s/%s, kernel %s, %d CPUs, %s\n", runtime.GOOS, runtime.GOARCH, m.kernel, runtime.NumCPU(), m.cpu)
	auto := ""
	for _, f := range cell.Probe(cmd.Context(), netpath.Spec{Congestion: netpath.DefaultCongestion}) {
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		name := "path       " + string(f.Kind)
		if f.Kind == netpath.Loopback {
			name += map[bool]string{true: ", in its own network namespace", false: ", in the namespace of this system"}[f.Isolated]
		}
		if f.Allowed() {
			fmt.Fprintf(w, "%s: yes\n", name)
			if auto == "" {
				auto = string(f.Kind)
			}
			continue
		}
		fmt.Fprintf(w, "%s: no: %s\n", name, f.Error)
		if remedy := remedies[f.Kind]; remedy != "" {
			fmt.Fprintf(w, "           %s\n", remedy)
		}
	}
	if auto == "" {
		return unansweredError{fmt.Errorf("this machine allows no path")}
	}
	fmt.Fprintf(w, "auto       --path auto picks %s\n", auto)
	if err := loadgen.CheckDescriptors(200); err != nil {
		fmt.Fprintf(w, "fleet      %v\n", err)
	} else {
		fmt.Fprintf(w, "fleet      up to %d attempts in flight at once; more with a higher ulimit -n\n", loadgen.MaxConcurrency())
	}
	if runtime.NumCPU() < 2 {
		fmt.Fprintln(w, "CPUs       server, path and clients share one CPU: expect invalid cells at high concurrency")
	}
	return nil
}

// runCalibration measures whether a path delays and loses as asked.
func runCalibration(cmd *cobra.Command, f doctorFlags) error {
	if err := calibratedKinds.check("path", f.path); err != nil {
		return err
	}
	if err := textOrJSON.check("format", f.format); err != nil {
		return err
	}
	ctx := cmd.Context()
	// The measurements need a path that delays and loses.
	im := impair.Set{Up: impair.OneWay{Loss: 0.01}, Down: impair.OneWay{Loss: 0.01}}.WithRTT(time.Millisecond)
	choice, err := cell.Choose(ctx, netpath.Spec{Kind: netpath.Kind(f.path), Impairments: im, Congestion: netpath.DefaultCongestion})
	if err != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		return unansweredError{fmt.Errorf("--path %s: %w (rejectbench doctor says more)", f.path, err)}
	}
	c, err := calibrate.Run(ctx, choice, f.seed)
	if err != nil {
		return err
	}
	if f.format == "json" {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(c)
	} else {
		err = printCalibration(cmd.OutOrStdout(), c)
	}
	if err != nil {
		return err
	}
	if !c.Within {
		return fmt.Errorf("the %s path is out of bounds in %d of %d checks", c.Path, c.Outside(), len(c.Checks))
	}
	return nil
}

func printCalibration(out io.Writer, c calibrate.Result) error {
	w := columns(out)
	fmt.Fprintln(w, "check\tpath\tmeasured\tbounds\tof\tverdict")
	for _, check := range c.Checks {
		verdict := map[bool]string{true: "within", false: "OUT OF BOUNDS"}[check.Within]
		if check.Note != "" {
			verdict += ": " + check.Note
		}
		bounds := fmt.Sprintf("%s to %s", number(check.Low), number(check.High))
		if check.High == 0 {
			bounds = "at least " + number(check.Low)
		}
		setting := check.Setting
		if setting == "" {
			setting = "no delay"
		}
		fmt.Fprintf(w, "%s\t%s\t%s %s\t%s\t%d\t%s\n", check.What, setting, number(check.Measured), check.Unit, bounds, check.Count, verdict)
	}
	fmt.Fprintf(w, "\n%s path: %d of %d checks within bounds, in %.0f s\n", c.Path, len(c.Checks)-c.Outside(), len(c.Checks), c.Seconds)
	return w.Flush()
}

// number formats a figure with thousandths below 1000, and without above.
func number(v float64) string {
	if v >= 1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
}
