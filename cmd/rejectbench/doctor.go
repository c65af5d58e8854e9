package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/cmd/internal/calibrate"
	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// doctorFlags are the flags of doctor.
type doctorFlags struct {
	calibrate    bool
	path, format string
	seed         uint64
}

func doctorCommand() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "say what this machine allows, and how to allow the rest",
		Args:  positional(0, 0, "takes no arguments"),
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
	fs.BoolVar(&f.calibrate, "calibrate", false, "measure the path instead: handshakes, lateness, loss and an upload against what is asked, in about 20 s")
	fs.StringVar(&f.path, "path", "auto", "with --calibrate: path to measure: auto, netem or delayline")
	fs.StringVar(&f.format, "format", "text", "with --calibrate: text or json (one object)")
	fs.Uint64Var(&f.seed, "seed", 1, "with --calibrate: seed of lost packets")
	return cmd
}

// remedies say how to allow what a machine does not.
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
			name += map[bool]string{true: ", in a network namespace of its own", false: ", in this system's namespace"}[f.Isolated]
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
		return environmentError{fmt.Errorf("no path can be made on this machine")}
	}
	fmt.Fprintf(w, "auto       --path auto picks %s\n", auto)
	if err := loadgen.CheckDescriptors(200); err != nil {
		fmt.Fprintf(w, "fleet      %v\n", err)
	} else {
		fmt.Fprintf(w, "fleet      up to %d attempts in flight at once; more with a higher ulimit -n\n", loadgen.MaxConcurrency())
	}
	if runtime.NumCPU() < 2 {
		fmt.Fprintln(w, "CPUs       server, path and fleet share one CPU: expect invalid cells at high concurrency")
	}
	return nil
}

// runCalibration measures the path and says whether it is what was asked for.
func runCalibration(cmd *cobra.Command, f doctorFlags) error {
	kind, err := netpath.ParseKind(f.path)
	if err != nil {
		return usagef("--path %q: there are auto, netem and delayline", f.path)
	}
	if f.format != "text" && f.format != "json" {
		return usagef("--format %q: there are text and json", f.format)
	}
	ctx := cmd.Context()
	// What any of the measurements asks of a path.
	im := impair.Set{Up: impair.OneWay{Loss: 0.01}, Down: impair.OneWay{Loss: 0.01}}.WithRTT(time.Millisecond)
	choice, err := cell.Choose(ctx, netpath.Spec{Kind: kind, Impairments: im, Congestion: netpath.DefaultCongestion})
	if err != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		return environmentError{fmt.Errorf("--path %s: %w (rejectbench doctor says more)", f.path, err)}
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
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
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

// number is a figure as a person reads it: thousandths below a thousand, wholes above.
func number(v float64) string {
	if v >= 1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
}
