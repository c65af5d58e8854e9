package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/analysis/screen"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
)

// externalStrategy is the strategy in the record of `load`, which does not know the
// server.
const externalStrategy = "external"

// loadAxes are the axes of a grid of which `load` takes one value.
var loadAxes = []string{"rate", "arrivals"}

// loadFlags are the flags of `load` as they were given.
type loadFlags struct {
	cellFlags
	attemptFlags
	axisValues                  // of rate and arrivals
	config       loadgen.Config // what the other fields do not have
	body, format string
}

func loadCommand() *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use:   "load URL",
		Short: "send attempts to a server that already runs",
		Long: `Send attempts to a server that already runs, and print how they ended. The
server keeps no ledger for this command, so every attempt that was not admitted,
refused or failed on this side counts as a rejection.`,
		Args: positional(1, 1, "name one URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, args[0]); err != nil {
				return err
			}
			return load(cmd, f)
		},
	}
	fs := cmd.Flags()
	under(fs, "Attempts", func(fs *pflag.FlagSet) {
		fs.IntVar(&f.config.Concurrency, "concurrency", 50, "`count`: attempts in flight at once, on average; with a rate or --arrivals closed at most")
		f.attemptFlags.define(fs, "attempts in all", "20 times the concurrency and at least 1000")
		f.axisValues = axisValues{}
		for _, flag := range loadAxes {
			a := axisOf(flag)
			f.axisValues.define(fs, a, a.one, a.standard, a.usage)
		}
		fs.StringVar(&f.body, "body", "0", "`size`: body of the request")
		fs.IntVar(&f.config.Nth, "nth-request", 1, "`count`: place of the measured request on its connection; the requests before it are GETs that have to be admitted")
	})
	under(fs, clientHeading, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.config.Client, "client", "blocking", "`name`: client behaviour of 'list clients'")
	})
	f.defineClient(fs)
	under(fs, "Load generator", func(fs *pflag.FlagSet) {
		fs.IntVar(&f.config.Workers, "threads", 0, "`count`: threads that send attempts; 0 is one for every two CPUs")
		fs.BoolVar(&f.config.Portable, "portable", false, "use the portable engine instead of the epoll engine")
	})
	under(fs, outputHeading, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.format, "format", "text", "`text|json`: what standard output shows; json is one record")
	})
	clientWords.complete(cmd, "client")
	textOrJSON.complete(cmd, "format")
	return cmd
}

// check checks the flags and completes the configuration.
func (f *loadFlags) check(cmd *cobra.Command, url string) (err error) {
	c, fs := &f.config, cmd.Flags()
	switch {
	case c.Concurrency < 1:
		return usagef("--concurrency %d: it has to be at least 1", c.Concurrency)
	case c.Workers < 0:
		return usagef("--threads %d: it cannot be negative", c.Workers)
	}
	if err := checkNth(c.Nth); err != nil {
		return err
	}
	if err := f.attemptFlags.check(fs); err != nil {
		return err
	}
	if err := checkDurations(fs); err != nil {
		return err
	}
	if err := loadgen.CheckDescriptors(c.Concurrency); err != nil {
		return unansweredError{fmt.Errorf("--concurrency %d: %w", c.Concurrency, err)}
	}
	if err := textOrJSON.check("format", f.format); err != nil {
		return err
	}
	if _, err := one("client", c.Client, parseClient); err != nil {
		return err
	}
	if err := checkConnection(results.Point{Client: c.Client, NthRequest: c.Nth}); err != nil {
		return err
	}
	if c.BodyBytes, err = parseSize(f.body); err != nil {
		return usagef("--body %q: %w", f.body, err)
	}
	if !strings.Contains(url, "://") {
		return usagef("URL %q: want a URL such as http://127.0.0.1:8080/", url)
	}
	if c.Target, err = loadgen.ParseTarget(url); err != nil {
		return usageError{err}
	}
	var p results.Point
	for _, flag := range loadAxes {
		if err := axisOf(flag).set(&p, *f.axisValues[flag]); err != nil {
			return err
		}
	}
	if err := completeArrivals(&p, fs.Changed("arrivals")); err != nil {
		return err
	}
	c.Arrivals, c.Rate = p.Arrivals, p.Rate
	c.Requests, c.Duration, c.ReadDelay = f.requests, f.duration, f.readDelay
	if c.Requests == 0 && c.Duration == 0 {
		c.Requests = int64(max(20*c.Concurrency, 1000))
	}
	c.ConnectTimeout, c.SendTimeout, c.ReceiveTimeout = f.timeout, f.timeout, f.timeout
	return nil
}

func load(cmd *cobra.Command, f loadFlags) error {
	started := time.Now().UTC()
	result, err := loadgen.Run(cmd.Context(), f.config)
	if result == nil {
		return err
	}
	report, reportErr := result.Report()
	if reportErr != nil {
		return reportErr
	}
	c := loadRecord(f.config, report, started)
	if err != nil {
		c.Valid, c.InvalidReason = false, err.Error()
	}
	if f.format == "json" {
		line, encodeErr := results.EncodeCell(c)
		if encodeErr != nil {
			return encodeErr
		}
		if _, writeErr := cmd.OutOrStdout().Write(line); writeErr != nil {
			return writeErr
		}
	} else if printErr := printLoad(cmd, c); printErr != nil {
		return printErr
	}
	switch refused := c.Outcomes[results.Refused]; {
	case err != nil:
		return err
	case !c.Valid:
		return unansweredError{errors.New("the result is invalid: " + c.InvalidReason)}
	case refused > 0 && refused == c.Attempts:
		return unansweredError{fmt.Errorf("no attempt was answered: all %d were refused", refused)}
	}
	return nil
}

// loadRecord returns the record of attempts on a server without a ledger.
func loadRecord(cfg loadgen.Config, r loadgen.Report, started time.Time) results.Cell {
	c := results.Cell{
		Point: results.Point{
			Strategy: externalStrategy, Client: cfg.Client, Concurrency: cfg.Concurrency, BodyBytes: cfg.BodyBytes, Rate: cfg.Rate, Arrivals: cfg.Arrivals,
			IPv6: cfg.Target.Addr.Addr().Unmap().Is6(), TLS: cfg.Target.TLS, NthRequest: cfg.Nth,
		}.Key(),
		Started: started, Rejected: r.Counts.RejectedWithoutLedger(),
		TCP:    map[string]int64{},
		Server: results.Server{Ends: map[string]int64{}},
	}
	r.Describe(&c)
	c.InvalidReason = strings.Join(r.Problems(), "; ")
	c.Valid = c.InvalidReason == ""
	c.SetShare()
	return c
}

// printLoad prints the delivered share, then how the attempts ended, then the latency.
func printLoad(cmd *cobra.Command, c results.Cell) error {
	w := cmd.OutOrStdout()
	t := terminalOf(w)
	width := t.width
	if width == 0 {
		width = screen.DefaultWidth
	}
	say := func(text string) {
		for _, line := range wrap(text, width) {
			fmt.Fprintln(w, line)
		}
	}
	if !c.Valid {
		say("invalid: " + c.InvalidReason)
	}
	say(deliveredText(c))
	say(fmt.Sprintf("%d attempts in %.3f s, %.1f a second, client %s, concurrency %d", c.Attempts, c.Seconds, float64(c.Attempts)/max(c.Seconds, 1e-9), c.Client, c.Concurrency))
	row := func(name string, n int64, lost bool, summary string) {
		sign := " "
		if lost {
			sign = t.lossSign()
		}
		start := fmt.Sprintf(" %-20s %8d  %6.2f%%  ", name, n, 100*float64(n)/float64(c.Attempts))
		fmt.Fprintln(w, sign+start+strings.Join(wrap(summary, max(20, width-len(start)-1)), "\n"+strings.Repeat(" ", len(start)+1)))
	}
	for o, n := range c.Outcomes {
		if n > 0 {
			o := results.Outcome(o)
			row(o.String(), n, o != results.Admitted && !o.IsDelivered(), results.Outcomes[o].Summary)
		}
	}
	for _, e := range results.TLSEnds {
		if n := c.TLSEnds.Of(e.End); n > 0 {
			row("TLS stream "+e.Name, n, false, e.Summary)
		}
	}
	printLatency(cmd, "latency from the due time, ms", c.LatencyMs)
	if c.LatencyUncorrectedMs != nil {
		printLatency(cmd, "uncorrected, from the start", *c.LatencyUncorrectedMs)
	}
	return nil
}

// deliveredText says how many of the rejections were delivered.
func deliveredText(c results.Cell) string {
	if c.DeliveredShare == nil {
		return "nothing was rejected"
	}
	text := fmt.Sprintf("delivered %.2f%% of %d rejections", *c.DeliveredShare*100, c.Rejected)
	if c.DeliveredLow == nil {
		return text + " (too few for an interval: --requests 1000 or more gives one)"
	}
	return text + fmt.Sprintf(" (95%% interval %.2f%% to %.2f%%, worth %.0f independent ones)", *c.DeliveredLow*100, *c.DeliveredHigh*100, *c.EffectiveN)
}

func printLatency(cmd *cobra.Command, title string, l results.Latency) {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "%-30s %9s %9s %9s %9s %9s\n", title, "p50", "p90", "p99", "p99.9", "max")
	for _, row := range []struct {
		name string
		p    results.Percentiles
	}{{"connect", l.Connect}, {"response", l.Response}, {"end", l.End}} {
		if row.p.Count > 0 {
			fmt.Fprintf(w, "  %-28s %9.3f %9.3f %9.3f %9.3f %9.3f\n", row.name, row.p.P50, row.p.P90, row.p.P99, row.p.P999, row.p.Max)
		}
	}
}
