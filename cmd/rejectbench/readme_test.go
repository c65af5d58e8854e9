package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shellWord is a word of a command line, perhaps in single quotes.
var shellWord = regexp.MustCompile(`'[^']*'|\S+`)

// commandLines returns the arguments of each command line of this program that a
// document shows, without comments.
func commandLines(document string) (lines [][]string) {
	for line := range strings.Lines(document) {
		command, ok := strings.CutPrefix(line, "    rejectbench ")
		if !ok {
			continue
		}
		var args []string
		for _, word := range shellWord.FindAllString(command, -1) {
			if strings.HasPrefix(word, "#") {
				break
			}
			args = append(args, strings.Trim(word, "'"))
		}
		lines = append(lines, args)
	}
	return lines
}

func TestCommandLinesOfDocumentsParse(t *testing.T) {
	shown := 0
	for _, document := range filesOf(t, ".md") {
		b, err := os.ReadFile(filepath.Join(repository, document))
		if err != nil {
			t.Fatal(err)
		}
		lines := commandLines(string(b))
		shown += len(lines)
		if document == "README.md" && len(lines) == 0 {
			t.Errorf("%s shows no command line", document)
		}
		for _, args := range lines {
			cmd, rest, err := rootCommand().Find(args)
			if err == nil {
				err = cmd.ParseFlags(rest)
			}
			if err == nil {
				err = cmd.ValidateArgs(cmd.Flags().Args())
			}
			if err != nil {
				t.Errorf("%s: rejectbench %s: %v", document, strings.Join(args, " "), err)
			}
		}
	}
	if shown < 20 {
		t.Errorf("all documents show %d command lines", shown)
	}
}

func TestReadmeHasAtMost150Lines(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "\n"); n > 150 {
		t.Errorf("%d lines", n)
	}
}
