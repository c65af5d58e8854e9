package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/targets"
)

// serveGrace is how long open connections may go on when `serve` is ended.
const serveGrace = time.Second

func serveCommand() *cobra.Command {
	var cfg targets.Config
	var format string
	cmd := &cobra.Command{
		Use:   "serve --listen ADDR --strategy S",
		Short: "run the reference limited server alone, until it is interrupted",
		Args:  positional(0, 0, "takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case cfg.Listen == "":
				return usagef("--listen: name an address such as 127.0.0.1:8080")
			case cfg.Limit < 0:
				return usagef("--limit %d: it cannot be negative", cfg.Limit)
			case cfg.Bounds.LingerBytes < 0:
				return usagef("--linger-bytes %d: it cannot be negative", cfg.Bounds.LingerBytes)
			case cfg.Bounds.Lingerers < 0:
				return usagef("--lingerers %d: it cannot be negative", cfg.Bounds.Lingerers)
			case cfg.Workers < 0:
				return usagef("--workers %d: it cannot be negative", cfg.Workers)
			case cfg.Nth < 1 || cfg.Nth > loadgen.MaxNth:
				return usagef("--nth-request %d: within 1 and %d", cfg.Nth, loadgen.MaxNth)
			case format != "text" && format != "json":
				return usagef("--format %q: text or json", format)
			}
			if _, _, err := net.SplitHostPort(cfg.Listen); err != nil {
				return usagef("--listen %q: not an address such as 127.0.0.1:8080", cfg.Listen)
			}
			if _, err := parseStrategy(cfg.Strategy); err != nil {
				return usagef("--strategy %q: %w", cfg.Strategy, err)
			}
			if err := checkDurations(cmd.Flags()); err != nil {
				return err
			}
			if s, _ := targets.StrategyByName(cfg.Strategy); cfg.Nth > 1 && s.Queues {
				return usagef("--nth-request %d, --strategy %s: it rejects connections before their first request", cfg.Nth, cfg.Strategy)
			}
			return serve(cmd, cfg, format)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&cfg.Listen, "listen", "", "address to listen on, such as 127.0.0.1:8080; port 0 picks one")
	fs.StringVar(&cfg.Strategy, "strategy", "lingering-close", "how connections above the limit are rejected")
	fs.IntVar(&cfg.Limit, "limit", 0, "connections admitted at once; 0 rejects every one")
	fs.DurationVar(&cfg.ServiceTime, "service-time", 10*time.Millisecond, "how long an admitted request takes")
	workersFlag(fs, &cfg.Workers)
	fs.StringVar(&format, "format", "text", "of the totals printed at the end: text or json")
	fs.BoolVar(&cfg.TLS, "tls", false, "speak TLS 1.3, with a certificate made for it")
	fs.IntVar(&cfg.Nth, "nth-request", 1, nthUsage)
	boundsFlags(fs, &cfg.Bounds)
	return cmd
}

// serve serves until the context ends, which is how a server is meant to end,
// and prints what it did.
func serve(cmd *cobra.Command, cfg targets.Config, format string) error {
	cfg.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	server, err := targets.Listen(cmd.Context(), cfg)
	if err != nil {
		return environmentError{fmt.Errorf("--listen %s: %w", cfg.Listen, err)}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "listening on %v, strategy %s, limit %d; Ctrl-C ends\n", server.Addr(), cfg.Strategy, cfg.Limit)
	if err := server.Serve(cmd.Context()); err != nil {
		return err
	}
	server.Shutdown(serveGrace)
	totals := server.Report().Server
	if format == "json" {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(totals)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "accepted %d, admitted %d, rejected %d\nheld each rejection %.3f ms (mean), %.3f ms (p99); peak open %d\ndrained %d bytes; closed %d rejections over unread data; %.1f us of CPU time a rejection\n",
		totals.Accepted, totals.Admitted, totals.Rejected, totals.HoldMs.Mean, totals.HoldMs.P99, totals.PeakOpen,
		totals.BytesDrained, totals.UnreadAtClose, totals.CPUUsPerRejection)
	return err
}
