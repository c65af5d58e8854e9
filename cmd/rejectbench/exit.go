package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes, the same for every command.
const (
	exitDone        = 0
	exitFailed      = 1 // a check or a comparison failed, or something broke
	exitUsage       = 2
	exitUnanswered  = 3   // the system does not allow it, or the result is invalid or undecided; see unansweredError
	exitInterrupted = 130 // what was finished is on disk
)

// usageError is a mistake in the command line. Its message names flag and value.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// unansweredError means that this system does not allow what was asked, or that
// what it measured is invalid or decides nothing.
type unansweredError struct{ err error }

func (e unansweredError) Error() string { return e.err.Error() }
func (e unansweredError) Unwrap() error { return e.err }

// exitStatus ends the process with a code and without a message: the code of the
// program that exec ran, or a verdict that is printed already.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// positional checks the number of a command's arguments.
func positional(low, high int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < low || (high >= 0 && len(args) > high) {
			path := cmd.CommandPath()
			// Every error begins with the name of the program.
			return usagef("%s: %s, got %d: see %s --help", strings.TrimPrefix(path, cmd.Root().Name()+" "), what, len(args), path)
		}
		return nil
	}
}
