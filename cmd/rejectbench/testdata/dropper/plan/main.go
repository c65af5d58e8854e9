// Command plan prints how many attempts a round two runs need so that a share
// that fell is called.
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
	power := flag.Float64("power", 0.95, "chance of the call")
	rounds := flag.Int("rounds", 5, "rounds of each run")
	flag.Parse()
	n := stats.SampleSize(*base, *other, *alpha, *power, 1, *rounds)
	fmt.Println((n + int64(*rounds) - 1) / int64(*rounds))
}
