package results

import "strings"

// Program returns the program of a strategy: the name before the variant of another
// server's NAME:VARIANT, or the whole strategy if it has no variant.
func Program(strategy string) string {
	name, _, _ := strings.Cut(strategy, ":")
	return name
}
