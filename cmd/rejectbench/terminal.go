package main

import (
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/rejectbench/rejectbench/analysis/screen"
)

// terminal is what an output shows text on.
type terminal struct {
	width, height int  // columns and lines; 0 without a terminal
	colour        bool // whether text may be coloured
}

// terminalOf describes the terminal that w writes to. Without one, all fields are zero.
// The variable NO_COLOR forbids colours, as does a terminal that is called dumb.
func terminalOf(w io.Writer) terminal {
	if checked, ok := w.(*checkedWriter); ok {
		w = checked.w
	}
	f, ok := w.(*os.File)
	if !ok || !isTerminal(f) {
		return terminal{}
	}
	t := terminal{colour: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	if width, height, err := term.GetSize(int(f.Fd())); err == nil {
		t.width, t.height = width, height
	}
	return t
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// lossSign is the sign in front of a line about lost answers.
func (t terminal) lossSign() string {
	if t.colour {
		return "\x1b[1;31m!\x1b[0m"
	}
	return "!"
}

// showFlags say how much of the results is printed.
type showFlags struct {
	wide, all bool
	findings  string
}

// maxFindings is how many findings are printed without a flag.
const maxFindings = 5

// define defines the flags under the heading in force.
func (f *showFlags) define(fs *pflag.FlagSet) {
	fs.BoolVar(&f.wide, "wide", false, "print every column of the table, on lines as long as they need; without it lines fit the terminal, or 80 columns")
	fs.BoolVar(&f.all, "all", false, "print a row for every point, and every note; without it a large table has the worst condition of each strategy")
	fs.StringVar(&f.findings, "findings", strconv.Itoa(maxFindings), "`count`: most findings to print, or all")
}

// options checks the flags and returns what to show on the terminal of w.
func (f *showFlags) options(w io.Writer) (screen.Options, error) {
	t := terminalOf(w)
	o := screen.Options{Width: t.width, Height: t.height, Colour: t.colour, Wide: f.wide, All: f.all}
	if f.findings == allWord.Name {
		return o, nil
	}
	n, err := strconv.Atoi(f.findings)
	if err != nil || n < 1 {
		return o, usagef("--findings %q: want a number above 0, or all", f.findings)
	}
	o.Findings = n
	return o, nil
}

// complete completes the flags' values on the shell.
func (showFlags) complete(cmd *cobra.Command) {
	register(cmd, "findings", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{allWord.Name}, cobra.ShellCompDirectiveNoFileComp
	})
}
