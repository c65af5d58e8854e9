package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
)

// externalStrategy stands in a record for a server that is not ours.
const externalStrategy = "external"

// loadFlags are the flags of `load` as they were given.
type loadFlags struct {
	config       loadgen.Config
	body, format string
	timeout      time.Duration
}

func loadCommand() *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use:   "load URL",
		Short: "send one fleet to a server that is already there",
		Args:  positional(1, 1, "name one URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, args[0]); err != nil {
				return err
			}
			return load(cmd, f)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.config.Client, "client", "blocking", "client behaviour; see list clients")
	fs.IntVar(&f.config.Concurrency, "concurrency", 50, "attempts in flight at once")
	fs.Int64Var(&f.config.Requests, "requests", 0, "attempts (default twice the concurrency, at least 100, unless --duration is given)")
	fs.DurationVar(&f.config.Duration, "duration", 0, "how long attempts are started")
	fs.Float64Var(&f.config.Rate, "rate", 0, "attempts due a second, with latency from the due time; 0 is a closed loop")
	fs.StringVar(&f.body, "body", "0", "size of the request's body")
	fs.IntVar(&f.config.Nth, "nth-request", 1, "place on its connection of the request that is measured; those before it are GETs that have to be admitted")
	fs.StringVar(&f.format, "format", "text", "text or json")
	fs.DurationVar(&f.timeout, "timeout", loadgen.DefaultTimeout, "time limit of each phase of an attempt: connect, send, receive")
	fs.DurationVar(&f.config.ReadDelay, "read-delay", loadgen.DefaultReadDelay, "how long the slow-reader client waits before it reads")
	fs.IntVar(&f.config.Workers, "threads", 0, "threads of the fleet; 0 is one for every two CPUs")
	fs.BoolVar(&f.config.Portable, "portable", false, "use the portable engine instead of the epoll engine")
	return cmd
}

// check checks the flags and completes the configuration.
func (f *loadFlags) check(cmd *cobra.Command, url string) (err error) {
	c, fs := &f.config, cmd.Flags()
	switch {
	case f.format != "text" && f.format != "json":
		return usagef("--format %q: text or json", f.format)
	case c.Concurrency < 1:
		return usagef("--concurrency %d: at least 1", c.Concurrency)
	case c.Nth < 1 || c.Nth > loadgen.MaxNth:
		return usagef("--nth-request %d: within 1 and %d", c.Nth, loadgen.MaxNth)
	case c.Workers < 0:
		return usagef("--threads %d: it cannot be negative", c.Workers)
	}
	if err := checkSchedule(fs, c.Requests, c.Duration, c.Rate); err != nil {
		return err
	}
	if err := checkDurations(fs); err != nil {
		return err
	}
	if err := loadgen.CheckDescriptors(c.Concurrency); err != nil {
		return usagef("--concurrency %d: %w", c.Concurrency, err)
	}
	if _, err := parseClient(c.Client); err != nil {
		return usagef("--client %q: %w", c.Client, err)
	}
	if client, _ := loadgen.ClientByName(c.Client); c.Nth > 1 && client.OneRequest() {
		return usagef("--nth-request %d, --client %s: a library makes each attempt on a connection of its own: leave it out", c.Nth, c.Client)
	}
	if c.BodyBytes, err = parseSize(f.body); err != nil {
		return usagef("--body %q: %w", f.body, err)
	}
	if c.Target, err = loadgen.ParseTarget(url); err != nil {
		return usageError{err}
	}
	if c.Requests == 0 && c.Duration == 0 {
		c.Requests = sweep.DefaultRequests(c.Concurrency)
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
		line, err := results.EncodeCell(c)
		if err != nil {
			return err
		}
		if _, err := cmd.OutOrStdout().Write(line); err != nil {
			return err
		}
		return err
	}
	if err := printLoad(cmd, c); err != nil {
		return err
	}
	return err
}

// loadRecord makes a record of a fleet that hit a server without a ledger.
func loadRecord(cfg loadgen.Config, r loadgen.Report, started time.Time) results.Cell {
	c := results.Cell{
		Point: results.Point{Strategy: externalStrategy, Client: cfg.Client, Concurrency: cfg.Concurrency, BodyBytes: cfg.BodyBytes, Rate: cfg.Rate, TLS: cfg.Target.TLS}, Started: started, TLSEnds: r.TLSEnds,
		Attempts: r.Counts.Total(), Outcomes: r.Counts, Rejected: r.Counts.RejectedWithoutLedger(), Delivered: r.Counts.Delivered(),
		UnreadAtReset: r.UnreadAtReset, LatencyMs: r.Latency, LatencyUncorrectedMs: r.Uncorrected, HandshakeMs: r.Handshake,
		Seconds: r.Seconds, Valid: true, Histograms: r.Histograms,
		TCP:    map[string]int64{},
		Server: results.Server{Ends: map[string]int64{}},
	}
	switch {
	case r.Counts[results.LocalError] > 0:
		c.InvalidReason = fmt.Sprintf("%d attempts found no port, descriptor or memory on the client's side", r.Counts[results.LocalError])
	case r.Unstarted > 0:
		c.InvalidReason = fmt.Sprintf("the fleet was behind its schedule: %d attempts were never started", r.Unstarted)
	}
	if cfg.Nth > 1 {
		c.NthRequest = cfg.Nth
	}
	c.Valid = c.InvalidReason == ""
	c.SetShare()
	return c
}

func printLoad(cmd *cobra.Command, c results.Cell) error {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "%d attempts in %.3f s, %.1f a second, client %s, concurrency %d\n", c.Attempts, c.Seconds, float64(c.Attempts)/max(c.Seconds, 1e-9), c.Client, c.Concurrency)
	for o, n := range c.Outcomes {
		if n > 0 {
			fmt.Fprintf(w, "  %-20s %8d  %6.2f%%  %s\n", results.Outcomes[o].Name, n, 100*float64(n)/float64(c.Attempts), results.Outcomes[o].Summary)
		}
	}
	for _, e := range results.TLSEnds {
		if n := c.TLSEnds.Of(e.End); n > 0 {
			fmt.Fprintf(w, "  TLS stream %-9s %8d  %6.2f%%  %s\n", e.Name, n, 100*float64(n)/float64(c.Attempts), e.Summary)
		}
	}
	if c.DeliveredShare != nil {
		fmt.Fprintf(w, "delivered %.2f%% of %d rejections (95%% interval %.2f%% to %.2f%%)\n", *c.DeliveredShare*100, c.Rejected, *c.DeliveredLow*100, *c.DeliveredHigh*100)
	}
	printLatency(cmd, "latency from the due time, ms", c.LatencyMs)
	if c.LatencyUncorrectedMs != nil {
		printLatency(cmd, "uncorrected, from the start, ms", *c.LatencyUncorrectedMs)
	}
	if !c.Valid {
		fmt.Fprintf(w, "invalid: %s\n", c.InvalidReason)
	}
	return nil
}

func printLatency(cmd *cobra.Command, title string, l results.Latency) {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "%-32s %9s %9s %9s %9s %9s\n", title, "p50", "p90", "p99", "p99.9", "max")
	for _, row := range []struct {
		name string
		p    results.Percentiles
	}{{"connect", l.Connect}, {"response", l.Response}, {"end", l.End}} {
		if row.p.Count > 0 {
			fmt.Fprintf(w, "  %-30s %9.3f %9.3f %9.3f %9.3f %9.3f\n", row.name, row.p.P50, row.p.P90, row.p.P99, row.p.P999, row.p.Max)
		}
	}
}
