package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/catalogue"
)

// execFlags are the flags of `exec` as they were given.
type execFlags struct {
	cellFlags
	strategy, server string
	tls              bool
	seed             uint64
}

func execCommand() *cobra.Command {
	var f execFlags
	cmd := &cobra.Command{
		Use:   "exec [flags] -- CMD [ARG...]",
		Short: "run any client program over a path against a strategy or a server",
		Long: `Run a client program at the client's end of a path, with ` + cell.URLVariable + `
set to the URL of the server. {url}, {host} and {port} in its arguments are
replaced. Its input, output, signals and exit code pass through. Afterwards,
standard error shows what the server, the wire and the kernel counted.`,
		Args: positional(1, -1, "name a command behind --"),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := openCatalogue(f.catalogue)
			if err != nil {
				return err
			}
			options, err := f.options(cmd, args, all)
			if err != nil {
				return err
			}
			return runExec(cmd, f, all, options)
		},
	}
	fs := cmd.Flags()
	fs.SetInterspersed(false)
	under(fs, serverHeading, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.strategy, "strategy", "lingering-close", "`name`: how the server rejects: a word of 'list strategies'")
	})
	f.defineLimit(fs)
	under(fs, serverHeading, func(fs *pflag.FlagSet) {
		fs.BoolVar(&f.tls, "tls", false, tlsUsage)
	})
	f.defineBounds(fs)
	under(fs, otherHeading, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.server, "server", "", serverUsage)
	})
	f.defineCatalogue(fs)
	f.definePath(fs)
	under(fs, pathHeading, func(fs *pflag.FlagSet) {
		fs.Uint64Var(&f.seed, "seed", 1, "`number`: seed of packet loss")
	})
	strategyWords.complete(cmd, "strategy")
	serverWords(&f.catalogue).complete(cmd, "server")
	completePath(cmd)
	register(cmd, "catalogue", folders)
	return cmd
}

// options checks the flags, chooses the path and returns what is to be run.
func (f *execFlags) options(cmd *cobra.Command, args []string, all catalogue.Catalogue) (o cell.ExecOptions, err error) {
	im, err := f.impairments.impairments()
	if err == nil {
		err = checkPath(im)
	}
	if err != nil {
		return o, err
	}
	if err := strategyWords.check("strategy", f.strategy); err != nil {
		return o, err
	}
	if o.Program, err = f.program(cmd.Flags(), all); err != nil {
		return o, err
	}
	if err := f.cellFlags.check(cmd.Flags()); err != nil {
		return o, err
	}
	if err := f.checkLoopback(im); err != nil {
		return o, err
	}
	o.Spec = f.spec(im)
	o.Spec.Seed = f.seed
	if o.Path, err = f.choose(cmd.Context(), o.Spec); err != nil {
		return o, err
	}
	o.Server = cell.ServerSpec{Strategy: f.strategy, Limit: f.limit, Bounds: f.bounds, TLS: f.tls}
	o.Command = args
	return o, nil
}

// program returns the server of --server, and no program without the flag.
func (f *execFlags) program(fs *pflag.FlagSet, all catalogue.Catalogue) (p cell.Program, err error) {
	if !fs.Changed("server") {
		return p, nil
	}
	if fs.Changed("strategy") {
		return p, usagef("--strategy %q, --server %q: give only one of them", f.strategy, f.server)
	}
	if _, p, err = readServer(all, f.server, f.listenTimeout); err != nil {
		return p, err
	}
	if p.Setup == nil {
		return p, checkProgram(p)
	}
	if p, err = connected(all, f.server, p, f.tls, 1, newCertificate); err != nil {
		return p, err
	}
	return p.Speaking(f.tls), nil
}

// runExec runs the program, and then prints what was counted meanwhile.
func runExec(cmd *cobra.Command, f execFlags, all catalogue.Catalogue, o cell.ExecOptions) error {
	// A terminal signals the program as well. Only signals that are sent to this
	// process alone are passed on.
	passed := []os.Signal{syscall.SIGTERM, syscall.SIGHUP}
	terminal := []os.Signal{os.Interrupt, syscall.SIGQUIT}
	if isTerminal(os.Stdin) {
		signal.Notify(make(chan os.Signal, 1), terminal...) // they must not end this process
	} else {
		passed = append(passed, terminal...)
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, passed...)
	defer signal.Stop(signals)

	programs := map[string]cell.Program{f.server: o.Program}
	servers, err := openServers(cmd.Context(), programs, all)
	if err != nil {
		return err
	}
	defer servers.close()
	o.Program = programs[f.server]

	started := time.Now()
	// Without cancellation: a signal ends the program, and its end ends the command.
	report, err := cell.Exec(context.WithoutCancel(cmd.Context()), o, signals)
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
	printExec(cmd.ErrOrStderr(), o, report, time.Since(started))
	if report.ExitCode != 0 {
		return exitStatus(report.ExitCode)
	}
	return nil
}

func printExec(w io.Writer, o cell.ExecOptions, r cell.ExecReport, took time.Duration) {
	say := sayTo(w)
	what := "strategy " + o.Server.Strategy
	if len(o.Program.Command) > 0 {
		what = "server " + o.Program.Name()
	}
	path := o.Spec.Impairments.String()
	if path == "" {
		path = "without delay"
	}
	say(fmt.Sprintf("-- rejectbench: %s, %s path, %s, %v", what, r.Path.Kind, path, took.Round(time.Millisecond)))
	say(fmt.Sprintf("path:   %d packets, %d dropped on purpose", r.Path.Packets, r.Path.Dropped))
	if r.Server != nil {
		s := r.Server.Server
		say(fmt.Sprintf("server: accepted %d, admitted %d, rejected %d; held each rejection %.1f ms (mean); drained %d bytes; closed %d over unread data", s.Accepted, s.Admitted, s.Rejected, s.HoldMs.Mean, s.BytesDrained, s.UnreadAtClose))
	}
	if r.Wire != nil {
		printWire(say, r.Wire, r.Server != nil)
	}
	for _, c := range results.Counters {
		if n := r.TCP[c.Name]; n != 0 {
			say(fmt.Sprintf("kernel: %s %d: %s", c.Name, n, c.Summary))
		}
	}
}

// printWire prints what crossed the path. Only a server's ledger shows that the
// answers are rejections.
func printWire(say func(string), x *cell.ExecWire, ledger bool) {
	answers := "answers"
	if ledger {
		answers = "rejections"
	}
	say(fmt.Sprintf("wire:   %d connections, %d %s: %d arrived whole (%d of them after a reset), %d lost on the path, %d never sent whole", x.Connections, x.Rejections, answers, x.Arrived, x.ArrivedAfterReset, x.Fates[results.LostOnPath.String()], x.Fates[results.NeverSent.String()]))
	for _, c := range results.ResetCauses[1:] {
		if n := x.Resets[c.Name]; n != 0 {
			say(fmt.Sprintf("wire:   %d reset (%s): %s", n, c.Name, c.Summary))
		}
	}
	if b := x.BytesAfterAnswer; b.Max > 0 {
		say(fmt.Sprintf("wire:   the client sent %.0f bytes (median) after the answer had left the server", b.P50))
	}
	for _, d := range x.Agreement.Disagreements {
		say(fmt.Sprintf("wire:   port %d: %s: wire: %s; server: %s", d.ClientPort, d.What, d.Wire, d.Server))
	}
}

// sayTo returns what prints a line, wrapped if w is a terminal. Further lines are
// indented as far as what follows the first word.
func sayTo(w io.Writer) func(string) {
	t := terminalOf(w)
	return func(text string) {
		if t.width == 0 || len(text) <= t.width {
			fmt.Fprintln(w, text)
			return
		}
		const indent = "        "
		label, rest, _ := strings.Cut(text, " ")
		lines := wrap(rest, max(20, t.width-len(indent)))
		fmt.Fprintf(w, "%-*s%s\n", len(indent), label, strings.Join(lines, "\n"+indent))
	}
}
