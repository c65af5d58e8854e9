// Command coverage prints how often the interval of one run holds what other runs of the
// same grid measured. For each point and run, the interval of the delivered share is
// compared with the mean share of the other runs. Points whose share was 0 in every run,
// or 1 in every run, are left out: any interval holds those. It also prints the
// dispersion: the variance between the rounds of each run, divided by that of
// independent attempts. Last, it compares the intervals of the median and the 99th
// percentile of the time to an answer with those of the other runs, at all points.
//
// It ends with 1 if the coverage is below -least, or the mean dispersion above -most.
// Invalid cells claim nothing, so runs without a valid cell are accepted.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/results"
)

// point is what the runs measured at one point.
type point struct {
	results.Point
	shares      []float64 // of each run
	covered     int       // runs whose interval holds the mean of the others
	dispersions []float64 // of each run that has an interval; the others are not covered or missed
}

func main() {
	least := flag.Float64("least", 0, "smallest coverage, 0 to 1, that is accepted")
	most := flag.Float64("most", 1e9, "largest mean dispersion that is accepted")
	flag.Parse()
	points, times, err := read(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(2)
	}
	accepted := report(points, *least, *most)
	for _, t := range times {
		fmt.Println(t)
	}
	if !accepted {
		os.Exit(1)
	}
}

// read returns the points that two runs or more measured and whose share is neither 0 in
// all of them nor 1 in all, and the coverage of times at all points.
func read(dirs []string) ([]point, []*timeCoverage, error) {
	if len(dirs) < 2 {
		return nil, nil, fmt.Errorf("name at least two folders of runs")
	}
	measured := map[results.Point][]*analysis.Summary{}
	for _, dir := range dirs {
		run, err := results.Open(dir)
		if err != nil {
			return nil, nil, err
		}
		for _, s := range analysis.NewStudy(run).Grid() {
			if s.HasShare() {
				measured[s.Point.Key()] = append(measured[s.Point.Key()], s)
			}
		}
	}
	var points []point
	times := []*timeCoverage{
		{name: "median", of: analysis.P50, interval: analysis.P50Interval},
		{name: "99th percentile", of: analysis.P99, interval: analysis.P99Interval},
	}
	for p, runs := range measured {
		if len(runs) < 2 {
			continue
		}
		for _, t := range times {
			t.add(runs)
		}
		if one := summarize(p, runs); slices.Max(one.shares) > 0 && slices.Min(one.shares) < 1 {
			points = append(points, one)
		}
	}
	slices.SortFunc(points, func(a, b point) int { return results.ComparePoints(&a.Point, &b.Point, nil) })
	return points, times, nil
}

// timeCoverage counts how often the interval of a percentile of the time to an answer
// held the mean of the other runs.
type timeCoverage struct {
	name        string
	of          func(results.Percentiles) float64
	interval    func(analysis.Intervals) analysis.Interval
	held, cases int
}

func (t *timeCoverage) add(runs []*analysis.Summary) {
	runs = analysis.Where(runs, func(s *analysis.Summary) bool { return s.Response.Count > 0 })
	held, cases := holds(runs, func(s *analysis.Summary) claim {
		i := t.interval(s.ResponseIntervals())
		return claim{t.of(s.Response), i.Low, i.High, i.Known()}
	})
	t.held, t.cases = t.held+held, t.cases+cases
}

func (t *timeCoverage) String() string {
	return fmt.Sprintf("time to an answer, %s: the interval held the mean of the other runs in %d of %d cases (%s)",
		t.name, t.held, t.cases, percent(float64(t.held)/float64(max(t.cases, 1))))
}

// claim is a figure of a run, and its interval if that is known.
type claim struct {
	value, low, high float64
	known            bool
}

// holds counts the runs whose interval is known, and those of them that hold the mean of
// the others.
func holds(runs []*analysis.Summary, of func(*analysis.Summary) claim) (held, cases int) {
	sum := 0.0
	for _, s := range runs {
		sum += of(s).value
	}
	for _, s := range runs {
		c := of(s)
		if !c.known || len(runs) < 2 {
			continue
		}
		cases++
		if others := (sum - c.value) / float64(len(runs)-1); c.low <= others && others <= c.high {
			held++
		}
	}
	return held, cases
}

func summarize(p results.Point, runs []*analysis.Summary) point {
	one := point{Point: p}
	for _, s := range runs {
		one.shares = append(one.shares, s.Delivered.Value)
		if s.Delivered.HasInterval() {
			one.dispersions = append(one.dispersions, s.Delivered.Dispersion)
		}
	}
	one.covered, _ = holds(runs, func(s *analysis.Summary) claim {
		d := s.Delivered
		return claim{d.Value, d.Low, d.High, d.HasInterval()}
	})
	return one
}

// report prints a line for each point and the sums, and reports whether they are
// accepted.
func report(points []point, least, most float64) bool {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "lowest\tmean\thighest\theld\tdispersion\tpoint")
	var covered, intervals, without int
	var dispersions []float64
	for _, p := range points {
		n := len(p.dispersions)
		covered, intervals, without = covered+p.covered, intervals+n, without+len(p.shares)-n
		dispersions = append(dispersions, p.dispersions...)
		fmt.Fprintf(w, "%s\t%s\t%s\t%d of %d\t%.2f\t%s\n", percent(slices.Min(p.shares)), percent(mean(p.shares)), percent(slices.Max(p.shares)),
			p.covered, n, mean(p.dispersions), p.Point.Phrases())
	}
	_ = w.Flush()
	if len(points) == 0 {
		fmt.Println("no point has a valid share between 0 and 1 in two runs: nothing was claimed, and nothing was tested")
		return true
	}
	share, dispersion := float64(covered)/float64(max(intervals, 1)), mean(dispersions)
	fmt.Printf("%d points; the interval held the mean of the other runs in %d of %d cases (%s); %d shares had no interval\n",
		len(points), covered, intervals, percent(share), without)
	fmt.Printf("mean dispersion %.2f\n", dispersion)
	return share >= least && dispersion <= most
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(len(values), 1))
}
