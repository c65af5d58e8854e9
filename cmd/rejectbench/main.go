// Command rejectbench measures whether clients of a server over its connection
// limit ever read its 503: a fleet of clients hits a limited server under each
// way of rejecting, at different round-trip times, and every attempt's end is
// recorded.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/cmd/internal/calibrate"
	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/process"
)

// Exit codes, the same for every command.
const (
	exitDone        = 0
	exitFailed      = 1 // a check or comparison failed, or something broke
	exitUsage       = 2
	exitEnvironment = 3   // the system does not allow what was asked
	exitInterrupted = 130 // what was finished is on disk
)

// usageError is an error of the command line: one that names flag and value.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// environmentError says that this system does not allow what was asked.
type environmentError struct{ err error }

func (e environmentError) Error() string { return e.err.Error() }
func (e environmentError) Unwrap() error { return e.err }

func main() {
	if code, ran := process.Run(roles()); ran {
		os.Exit(code)
	}
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
}

// roles are the processes that this program starts of itself.
func roles() map[string]process.Role {
	all := cell.Roles()
	maps.Copy(all, calibrate.Roles())
	return all
}

// execute runs one command line and returns its exit code.
func execute(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	var usage usageError
	var environment environmentError
	var status exitStatus
	if errors.As(err, &status) {
		return int(status)
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		fmt.Fprintln(stderr, "rejectbench: interrupted")
		return exitInterrupted
	}
	fmt.Fprintf(stderr, "rejectbench: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &environment):
		return exitEnvironment
	}
	return exitFailed
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "rejectbench",
		Short: "measure whether a 503 reaches the client before the reset does",
		Long: `rejectbench measures whether the clients of a server over its connection limit
ever read its 503. It depends on how the server closes, on the round-trip time,
on how much the client was still sending, and on how the client reads.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q: see rejectbench --help", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.Version = toolVersion() + ", " + runtime.Version()
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w: see %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(
		runCommand(),
		serveCommand(),
		loadCommand(),
		execCommand(),
		reportCommand(),
		compareCommand(),
		checkCommand(),
		mergeCommand(),
		schemaCommand(),
		tuneCommand(),
		doctorCommand(),
		listCommand(),
	)
	return root
}

// positional checks the number of a command's arguments.
func positional(low, high int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < low || (high >= 0 && len(args) > high) {
			return usagef("%s: %s, got %d: see %[1]s --help", cmd.CommandPath(), what, len(args))
		}
		return nil
	}
}
