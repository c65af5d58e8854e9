package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The help is laid out for a terminal of 80 columns. What a flag means begins at
// helpColumn, on the next line if the flag's name is longer than that.
const (
	helpWidth  = 80
	helpColumn = 30
)

// The annotations of a flag: the heading that it is listed under, and what the help
// calls its value.
const (
	headingKey = "rejectbench_heading"
	valueKey   = "rejectbench_value"
)

// under defines flags that the help lists under a heading, in the order of their
// definition.
func under(fs *pflag.FlagSet, heading string, define func(*pflag.FlagSet)) {
	fs.SortFlags = false
	part := pflag.NewFlagSet(heading, pflag.ContinueOnError)
	part.SortFlags = false
	define(part)
	part.VisitAll(func(fl *pflag.Flag) {
		fl.Annotations = map[string][]string{headingKey: {heading}}
		fs.AddFlag(fl)
	})
}

// nameValues moves what a flag's value is called from the usage text, where pflag
// has it in backquotes, to an annotation. Completion shows the text as it is.
func nameValues(fs *pflag.FlagSet) {
	fs.VisitAll(func(fl *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(fl)
		if fl.Annotations == nil {
			fl.Annotations = map[string][]string{}
		}
		fl.Annotations[valueKey] = []string{value}
		fl.Usage = strings.TrimPrefix(strings.TrimSuffix(usage, " ("+value+")"), value+": ")
	})
}

// printUsage writes the usage of a command: how it is called, its commands and its
// flags, both under their headings.
func printUsage(c *cobra.Command) error {
	var b strings.Builder
	b.WriteString("Usage:\n")
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s COMMAND [flags]\n", c.CommandPath())
	} else {
		fmt.Fprintf(&b, "  %s\n", c.UseLine())
	}
	writeCommands(&b, c)
	writeFlags(&b, c.Flags())
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nUse \"%s COMMAND --help\" for the flags of a command.\n", c.CommandPath())
	}
	_, err := fmt.Fprint(c.OutOrStderr(), b.String())
	return err
}

// writeCommands writes the commands below c, one group after the other. Cobra's
// completion has commands without groups.
func writeCommands(b *strings.Builder, c *cobra.Command) {
	groups := c.Groups()
	if len(groups) == 0 && c.HasAvailableSubCommands() {
		groups = []*cobra.Group{{Title: "Commands"}}
	}
	for _, g := range groups {
		fmt.Fprintf(b, "\n%s:\n", g.Title)
		for _, sub := range c.Commands() {
			if sub.GroupID == g.ID && (sub.IsAvailableCommand() || sub.Name() == "help") {
				writeRow(b, "  "+sub.Name(), sub.Short, 14)
			}
		}
	}
}

// writeFlags writes the flags under their headings. Flags without one, such as
// cobra's --help, come last under the last heading.
func writeFlags(b *strings.Builder, fs *pflag.FlagSet) {
	var headings []string
	rows := map[string][]*pflag.Flag{}
	var plain []*pflag.Flag
	fs.VisitAll(func(fl *pflag.Flag) {
		heading := fl.Annotations[headingKey]
		switch {
		case fl.Hidden:
		case len(heading) == 0:
			plain = append(plain, fl)
		default:
			if !slices.Contains(headings, heading[0]) {
				headings = append(headings, heading[0])
			}
			rows[heading[0]] = append(rows[heading[0]], fl)
		}
	})
	if len(headings) == 0 {
		headings = []string{"Flags"}
	}
	last := headings[len(headings)-1]
	rows[last] = append(rows[last], plain...)
	for _, heading := range headings {
		fmt.Fprintf(b, "\n%s:\n", heading)
		for _, fl := range rows[heading] {
			if name, meaning, ok := flagRow(fl, rows[heading]); ok {
				writeRow(b, name, meaning, helpColumn)
			}
		}
	}
}

// The endings of flags for one direction of the path.
const upEnding, downEnding = "-up", "-down"

// flagRow returns what the help says of a flag. The flags for one direction of the
// path share a row, with the flag for both directions if there is one; only the
// first of them has a row.
func flagRow(fl *pflag.Flag, all []*pflag.Flag) (name, meaning string, ok bool) {
	has := func(name string) bool {
		return slices.ContainsFunc(all, func(o *pflag.Flag) bool { return o.Name == name })
	}
	meaning = fl.Usage
	value := strings.Join(fl.Annotations[valueKey], "")
	name = "  --" + fl.Name
	if fl.Shorthand != "" {
		name = "  -" + fl.Shorthand + ", --" + fl.Name
	}
	base, down := strings.CutSuffix(fl.Name, downEnding)
	upBase, up := strings.CutSuffix(fl.Name, upEnding)
	switch {
	case down && has(base+upEnding), up && has(upBase):
		return "", "", false
	case up:
		name = "  --" + fl.Name + "|" + downEnding
		meaning = strings.TrimSuffix(meaning, ", from the client to the server")
	case has(fl.Name + upEnding):
		name += "[" + upEnding + "|" + downEnding + "]"
	}
	if value != "" {
		name += " " + value
	}
	switch def := fl.DefValue; {
	case fl.Value.Type() == "string" && def != "":
		meaning += " (default " + def + ")"
	case !slices.Contains([]string{"", "0", "0s", "false", "[]"}, def):
		meaning += " (default " + def + ")"
	}
	return name, meaning, true
}

// writeRow writes a name and what it means, wrapped, from a column on.
func writeRow(b *strings.Builder, name, meaning string, column int) {
	pad := strings.Repeat(" ", column)
	b.WriteString(name)
	if len(name) >= column {
		b.WriteString("\n" + pad)
	} else {
		b.WriteString(pad[len(name):])
	}
	b.WriteString(strings.Join(wrap(meaning, helpWidth-column), "\n"+pad) + "\n")
}

// wrap breaks text into lines of at most width bytes, at spaces, and within a list
// that is longer than a line after a comma.
func wrap(text string, width int) []string {
	var words []string
	for _, word := range strings.Fields(text) {
		for len(word) > width {
			cut := strings.LastIndexByte(word[:width], ',') + 1
			if cut == 0 {
				break
			}
			words, word = append(words, word[:cut]), word[cut:]
		}
		words = append(words, word)
	}
	var lines []string
	line := ""
	for _, word := range words {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}
