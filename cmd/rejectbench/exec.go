package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// exitStatus is the exit code of a program that a command ran for its user.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Of flags that exec and run share.
const (
	listenTimeoutUsage = "how long a server program may take to listen"
	ipv6Usage          = "the two ends speak IPv6 in place of IPv4"
)

// execFlags are the flags of `exec` as they were given.
type execFlags struct {
	options            cell.ExecOptions
	impairments        *pathFlags
	server, path, cong string
	catalogue          string
}

func execCommand() *cobra.Command {
	var f execFlags
	cmd := &cobra.Command{
		Use:   "exec [flags] -- CMD [ARG...]",
		Short: "run any client program against a strategy, or any server, over a path",
		Long: `Run a client program at the client's end of a path, with ` + cell.URLVariable + ` set to the
server's URL; the words {url}, {host} and {port} in its arguments are replaced. Its
streams, its signals and its exit code pass through. Then say on standard error
what the server and the kernel counted. With --server the words are a server
program and its arguments, told where to listen by {host} and {port}.`,
		Args: positional(1, -1, "name a command behind --"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, args); err != nil {
				return err
			}
			return runExec(cmd, f)
		},
	}
	fs := cmd.Flags()
	fs.SetInterspersed(false)
	fs.StringVar(&f.options.Server.Strategy, "strategy", "lingering-close", "how the reference server rejects")
	fs.StringVar(&f.server, "server", "", serverUsage)
	fs.StringVar(&f.catalogue, "catalogue", "", catalogueUsage)
	fs.DurationVar(&f.options.Program.ListenTimeout, "listen-timeout", 10*time.Second, listenTimeoutUsage)
	fs.BoolVar(&f.options.Spec.IPv6, "ipv6", false, ipv6Usage)
	f.impairments = newPathFlags(fs)
	fs.IntVar(&f.options.Server.Limit, "limit", 0, "connections the reference server admits at once; 0 rejects every one")
	fs.BoolVar(&f.options.TLS, "tls", false, tlsUsage)
	fs.StringVar(&f.path, "path", "auto", "path between the two: auto, netem, delayline or loopback")
	fs.StringVar(&f.cong, "congestion", netpath.DefaultCongestion, "congestion control of both ends; system is the machine's own")
	fs.Uint64Var(&f.options.Spec.Seed, "seed", 1, "seed of lost packets")
	boundsFlags(fs, &f.options.Server.Bounds)
	return cmd
}

// check checks the flags and completes the options.
func (f *execFlags) check(cmd *cobra.Command, args []string) (err error) {
	o := &f.options
	o.Command = args
	im, err := f.impairments.impairments()
	if err == nil {
		err = checkPath(im)
	}
	if err != nil {
		return err
	}
	o.Spec.Impairments = im
	o.Spec.Congestion = f.cong
	if _, err := parseStrategy(o.Server.Strategy); err != nil {
		return usagef("--strategy %q: %w", o.Server.Strategy, err)
	}
	if cmd.Flags().Changed("server") {
		if cmd.Flags().Changed("strategy") {
			return usagef("--strategy %q, --server %q: give one of them", o.Server.Strategy, f.server)
		}
		all, err := openCatalogue(f.catalogue)
		if err != nil {
			return err
		}
		if _, o.Program, err = readServer(all, f.server, o.Program.ListenTimeout); err != nil {
			return err
		}
		if o.Program.Setup != nil {
			if o.Program, err = connected(all, f.server, o.Program, o.TLS, 1, newCertificate); err != nil {
				return err
			}
			o.Program = o.Program.Speaking(o.TLS)
		}
	}
	if o.Server.Limit < 0 {
		return usagef("--limit %d: it cannot be negative", o.Server.Limit)
	}
	kind, err := netpath.ParseKind(f.path)
	if err != nil {
		return usagef("--path %q: there are auto, netem, delayline and loopback", f.path)
	}
	if kind == netpath.Loopback && im != (impair.Set{}) {
		return usagef("--path loopback: %w", netpath.ErrNeedsDelay)
	}
	if err := checkDurations(cmd.Flags()); err != nil {
		return err
	}
	spec := o.Spec
	spec.Kind = kind
	o.Path, err = cell.Choose(cmd.Context(), spec)
	if err != nil {
		return environmentError{fmt.Errorf("--path %s: %w (rejectbench doctor says more)", f.path, err)}
	}
	return nil
}

// runExec runs the program and says what was seen beside its output.
func runExec(cmd *cobra.Command, f execFlags) error {
	// A terminal sends its signals to the program itself; those sent to this
	// process alone are passed on.
	passed := []os.Signal{syscall.SIGTERM, syscall.SIGHUP}
	terminal := []os.Signal{os.Interrupt, syscall.SIGQUIT}
	if isTerminal(os.Stdin) {
		signal.Notify(make(chan os.Signal, 1), terminal...) // and do not end this process
	} else {
		passed = append(passed, terminal...)
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, passed...)
	defer signal.Stop(signals)

	programs := map[string]cell.Program{f.server: f.options.Program}
	servers, err := openServers(cmd.Context(), programs, f.catalogue)
	if err != nil {
		return err
	}
	defer servers.close()
	f.options.Program = programs[f.server]

	started := time.Now()
	// Not the command's context: a signal ends the program, and its end ends us.
	report, err := cell.Exec(context.WithoutCancel(cmd.Context()), f.options, signals)
	if err != nil {
		return err
	}
	if report.Interrupted {
		return context.Canceled
	}
	if report.Error != "" {
		if report.CommandFailed {
			return usagef("%s", report.Error)
		}
		return fmt.Errorf("%s", report.Error)
	}
	printExec(cmd.ErrOrStderr(), f.options, report, time.Since(started))
	if report.ExitCode != 0 {
		return exitStatus(report.ExitCode)
	}
	return nil
}

func printExec(w io.Writer, o cell.ExecOptions, r cell.ExecReport, took time.Duration) {
	what := "strategy " + o.Server.Strategy
	if len(o.Program.Command) > 0 {
		what = "server " + o.Program.Name()
	}
	path := o.Spec.Impairments.String()
	if path == "" {
		path = "without delay"
	}
	fmt.Fprintf(w, "-- rejectbench: %s, %s path, %s, %v\n", what, r.Path.Kind, path, took.Round(time.Millisecond))
	fmt.Fprintf(w, "path:   %d packets, %d dropped on purpose\n", r.Path.Packets, r.Path.Dropped)
	if r.Server != nil {
		s := r.Server.Server
		fmt.Fprintf(w, "server: accepted %d, admitted %d, rejected %d; held each rejection %.1f ms (mean); drained %d bytes; closed %d over unread data\n",
			s.Accepted, s.Admitted, s.Rejected, s.HoldMs.Mean, s.BytesDrained, s.UnreadAtClose)
	}
	if r.Wire != nil {
		printWire(w, r.Wire, r.Server != nil)
	}
	for _, c := range results.Counters {
		if n := r.TCP[c.Name]; n != 0 {
			fmt.Fprintf(w, "kernel: %s %d: %s\n", c.Name, n, c.Summary)
		}
	}
}

// printWire says what crossed the path. Without a server's ledger an answer may
// be any answer; with it, it is a rejection's.
func printWire(w io.Writer, x *cell.ExecWire, ledger bool) {
	answers := "answers"
	if ledger {
		answers = "rejections"
	}
	fmt.Fprintf(w, "wire:   %d connections, %d %s: %d arrived whole (%d of them after a reset), %d lost on the path, %d never sent whole\n",
		x.Connections, x.Rejections, answers, x.Arrived, x.ArrivedAfterReset, x.Fates[results.LostOnPath.String()], x.Fates[results.NeverSent.String()])
	for _, c := range results.ResetCauses[1:] {
		if n := x.Resets[c.Name]; n != 0 {
			fmt.Fprintf(w, "wire:   %d reset (%s): %s\n", n, c.Name, c.Summary)
		}
	}
	if b := x.BytesAfterAnswer; b.Max > 0 {
		fmt.Fprintf(w, "wire:   the client sent %.0f bytes (median) after the answer had left the server\n", b.P50)
	}
	for _, d := range x.Agreement.Disagreements {
		fmt.Fprintf(w, "wire:   port %d: %s: wire: %s; server: %s\n", d.ClientPort, d.What, d.Wire, d.Server)
	}
}
