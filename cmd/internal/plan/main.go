// Command plan prints how many attempts per round two runs need so that compare calls
// a difference of two shares with a given power. The trial of that power in .ci uses it.
package main

import (
	"flag"
	"fmt"

	"github.com/rejectbench/rejectbench/analysis/stats"
)

func main() {
	base := flag.Float64("base", 1, "share of the base")
	other := flag.Float64("other", 0.98, "share of the new run")
	alpha := flag.Float64("alpha", 0.05, "level of the test")
	power := flag.Float64("power", 0.95, "probability that the difference is called")
	rounds := flag.Int("rounds", 5, "rounds of each run")
	flag.Parse()
	n := stats.SampleSize(*base, *other, *alpha, *power, 1, *rounds)
	fmt.Println((n + int64(*rounds) - 1) / int64(*rounds))
}
