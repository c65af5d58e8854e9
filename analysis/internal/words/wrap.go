package words

import (
	"strings"
	"unicode/utf8"
)

// Wrap breaks a text at its spaces into lines of at most width columns. A line after
// the first begins with indent. A word that is longer than a line is broken, at its
// last comma or slash that fits if there is one.
func Wrap(text string, width int, indent string) []string {
	width = max(width, utf8.RuneCountInString(indent)+1)
	var lines []string
	line, room := "", width
	next := func() {
		lines = append(lines, indentOf(lines, indent)+line)
		line, room = "", width-utf8.RuneCountInString(indent)
	}
	for _, word := range strings.Fields(text) {
		for {
			used := utf8.RuneCountInString(line)
			if line != "" {
				used++
			}
			if used+utf8.RuneCountInString(word) <= room {
				break
			}
			if line != "" {
				next()
				continue
			}
			var head string
			head, word = breakWord(word, room)
			line = head
			next()
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" || len(lines) == 0 {
		next()
	}
	return lines
}

func indentOf(lines []string, indent string) string {
	if len(lines) == 0 {
		return ""
	}
	return indent
}

// breakWord splits a word that is longer than width columns.
func breakWord(word string, width int) (head, rest string) {
	runes := []rune(word)
	head = string(runes[:width])
	if i := strings.LastIndexAny(head, ",/"); i > 0 {
		head = head[:i+1]
	}
	return head, word[len(head):]
}

// Cut shortens a text to at most width columns. The last of them is then an ellipsis.
func Cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	if width < 1 {
		return ""
	}
	return string([]rune(text)[:width-1]) + "…"
}
