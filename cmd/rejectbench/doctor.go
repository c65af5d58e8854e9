package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

func doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "say what this machine allows, and how to allow the rest",
		Args:  positional(0, 0, "takes no arguments"),
		RunE:  doctor,
	}
}

// remedies say how to allow what a machine does not.
var remedies = map[netpath.Kind]string{
	netpath.Netem:     "needs a kernel with the sch_netem module (modprobe sch_netem; Debian: linux-image of the distribution), and root or user namespaces",
	netpath.DelayLine: "needs root, or user namespaces for ordinary users (sysctl user.max_user_namespaces above 0, kernel.unprivileged_userns_clone=1 on older Debian, kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu), and the kernel's veth and AF_PACKET",
}

func doctor(cmd *cobra.Command, _ []string) error {
	w := cmd.OutOrStdout()
	m, err := describeMachine()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "system     %s/%s, kernel %s, %d CPUs, %s\n", runtime.GOOS, runtime.GOARCH, m.kernel, runtime.NumCPU(), m.cpu)
	auto := ""
	for _, f := range sweep.Probe(cmd.Context(), netpath.Spec{Congestion: netpath.DefaultCongestion}) {
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
