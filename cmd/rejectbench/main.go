// Command rejectbench measures whether the clients of a server over its connection
// limit read its 503. Clients connect to a limited server, for each way of rejecting
// and at several round-trip times, and the end of every attempt is recorded.
//
// A command checks all of its flags before it measures or writes anything. Each
// command has a file; `run` and `tune` have further files for what their flags plan
// and for measuring it. Flags that several commands share are in cellflags.go, the
// words that flags take in vocabulary.go, and exit codes in exit.go.
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
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/cmd/internal/calibrate"
	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/results/yamlfile"
)

func main() {
	if code, ran := process.Run(roles()); ran {
		os.Exit(code)
	}
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
}

// roles are the processes that this program starts by running itself again.
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
	out := &checkedWriter{w: stdout}
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil && out.err != nil {
		err = fmt.Errorf("write to standard output: %w", out.err)
	}
	if err == nil {
		return exitDone
	}
	var usage usageError
	var place *yamlfile.Error
	var unanswered unansweredError
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
	case errors.As(err, &usage), errors.As(err, &place):
		return exitUsage
	case errors.As(err, &unanswered):
		return exitUnanswered
	}
	return exitFailed
}

// checkedWriter keeps the first error of a writer. The help ignores errors, as do
// tables that are printed line by line.
type checkedWriter struct {
	w   io.Writer
	err error
}

func (c *checkedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

// The groups of commands in the help.
const (
	measureGroup = "measure"
	readGroup    = "read"
	endGroup     = "end"
	aboutGroup   = "about"
)

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "rejectbench",
		Short: "measure whether a 503 reaches the client before the reset does",
		Long: `rejectbench measures whether the clients of a server over its connection limit
read its 503. It depends on how the server closes, on the round-trip time, on
how much the client was still sending, and on how the client reads.

Exit codes of every command:
  0    done. A run may have invalid cells, but at least one cell is valid.
  1    a check or a comparison failed, tune found no value that reaches its
       target, or something broke.
  2    wrong usage.
  3    the system does not allow what was asked, or there is no result: no cell
       of the run is valid, all attempts of load were refused, or a rule, a
       comparison or a search is undecided.
  130  interrupted. What was finished is on disk.
A reader that goes away (rejectbench report | head) ends it by SIGPIPE, 141 in a
shell; a terminal that closes ends it by SIGHUP, 129.
exec exits with the code of the program that it ran.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          onlyCommands,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.Version = toolVersion() + ", " + runtime.Version()
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetUsageFunc(printUsage)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{wrongFlag(cmd, err)}
	})
	addGroup(root, measureGroup, "Measure", runCommand(), execCommand(), tuneCommand())
	addGroup(root, readGroup, "Read recorded runs", reportCommand(), compareCommand(), checkCommand(), mergeCommand())
	addGroup(root, endGroup, "One end alone", serveCommand(), loadCommand())
	addGroup(root, aboutGroup, "About this tool and this machine", doctorCommand(), listCommand(), schemaCommand())
	root.SetHelpCommandGroupID(aboutGroup)
	root.SetCompletionCommandGroupID(aboutGroup)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Short = "show the help of a command"
			c.Args = knownCommand
		case "completion":
			c.Short = "print a script that completes commands and flags in a shell"
			// Cobra shows the help instead of an error if a command cannot run.
			c.Args = onlyCommands
			c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			for _, shell := range c.Commands() {
				shell.Args = positional(0, 0, "takes no arguments")
			}
		}
	}
	return root
}

// addGroup adds commands that the help lists under a title.
func addGroup(root *cobra.Command, id, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: id, Title: title})
	for _, c := range commands {
		c.GroupID = id
		nameValues(c.Flags())
		completeNoFiles(c)
		root.AddCommand(c)
	}
}

// onlyCommands checks the arguments of a command that only has commands below it: an
// argument would be one of them, misspelt.
func onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(cmd, args[0])
	}
	return nil
}

// knownCommand checks that the arguments of `help` are the path of a command.
func knownCommand(help *cobra.Command, args []string) error {
	at := help.Root()
	for _, word := range args {
		i := slices.IndexFunc(at.Commands(), func(c *cobra.Command) bool { return c.Name() == word })
		if i < 0 {
			return unknownCommand(at, word)
		}
		at = at.Commands()[i]
	}
	return nil
}

// unknownCommand is the wrong usage of a word that is no command below c.
func unknownCommand(c *cobra.Command, word string) error {
	var known []string
	for _, below := range c.Commands() {
		known = append(known, below.Name())
	}
	if near := nearest(word, known); near != "" {
		return usagef("unknown command %q; did you mean %s?", word, near)
	}
	return usagef("unknown command %q: see %s --help", word, c.CommandPath())
}

// wantedValues says what the value of a flag has to be, by the flag's type.
var wantedValues = map[string]string{
	"int":      "a whole number",
	"int64":    "a whole number",
	"uint64":   "a whole number of 0 or more",
	"float64":  "a number",
	"duration": "a duration such as 20ms or 1s",
	"bool":     "true or false",
}

// wrongFlag is the error of a flag that cannot be parsed. It says what the value has
// to be, names the flag that was probably meant, or says where the flags are listed.
func wrongFlag(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		fl := invalid.GetFlag()
		switch want := wantedValues[fl.Value.Type()]; {
		case errors.Is(err, strconv.ErrRange):
			return fmt.Errorf("--%s %s: too large", fl.Name, invalid.GetValue())
		case want != "":
			return fmt.Errorf("--%s %s: want %s", fl.Name, invalid.GetValue(), want)
		}
	}
	var missing *pflag.NotExistError
	if errors.As(err, &missing) {
		var known []string
		cmd.Flags().VisitAll(func(fl *pflag.Flag) { known = append(known, fl.Name) })
		if near := nearest(missing.GetSpecifiedName(), known); near != "" && missing.GetSpecifiedShortnames() == "" {
			return fmt.Errorf("%w; did you mean --%s?", err, near)
		}
	}
	return fmt.Errorf("%w: see %s --help", err, cmd.CommandPath())
}
