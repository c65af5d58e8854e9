package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
)

// serveGrace is how long open connections may continue when `serve` is interrupted.
const serveGrace = time.Second

// serveFlags are the flags of `serve` as they were given.
type serveFlags struct {
	cellFlags
	config targets.Config // what cellFlags does not have
	format string
}

func serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve --listen ADDR",
		Short: "run the reference server alone",
		Long: `Run the reference server until it is interrupted, then print what it counted.
It admits connections up to its limit and rejects those above by a strategy.`,
		Args: positional(0, 0, "takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd.Flags()); err != nil {
				return err
			}
			return serve(cmd, f)
		},
	}
	fs := cmd.Flags()
	under(fs, serverHeading, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.config.Listen, "listen", "", "`address`: where to listen, such as 127.0.0.1:8080; port 0 picks a free port")
		fs.StringVar(&f.config.Strategy, "strategy", "lingering-close", "`name`: how the server rejects: a word of 'list strategies'")
	})
	f.defineLimit(fs)
	under(fs, serverHeading, func(fs *pflag.FlagSet) {
		fs.IntVar(&f.config.Nth, "nth-request", 1, "`count`: "+nthUsage)
		fs.BoolVar(&f.config.TLS, "tls", false, "speak TLS 1.3, with a certificate made for this server")
	})
	f.defineService(fs)
	f.defineBounds(fs)
	under(fs, outputHeading, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.format, "format", "text", "`text|json`: how the totals are printed")
	})
	strategyWords.complete(cmd, "strategy")
	textOrJSON.complete(cmd, "format")
	return cmd
}

// check checks the flags and completes the configuration.
func (f *serveFlags) check(fs *pflag.FlagSet) error {
	c := &f.config
	if c.Listen == "" {
		return usagef("--listen: name an address such as 127.0.0.1:8080")
	}
	if err := checkNth(c.Nth); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return usagef("--listen %q: not an address such as 127.0.0.1:8080", c.Listen)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return usagef("--listen %q: there is no port %s", c.Listen, port)
	}
	if err := strategyWords.check("strategy", c.Strategy); err != nil {
		return err
	}
	if err := textOrJSON.check("format", f.format); err != nil {
		return err
	}
	if err := f.cellFlags.check(fs); err != nil {
		return err
	}
	if err := checkConnection(results.Point{Strategy: c.Strategy, NthRequest: c.Nth}); err != nil {
		return err
	}
	c.Limit, c.ServiceTime, c.Workers, c.Bounds = f.limit, f.serviceTime, f.workers, f.bounds
	return nil
}

// serve runs the server until ctx is done, which is its regular end, and prints what
// it counted.
func serve(cmd *cobra.Command, f serveFlags) error {
	cfg := f.config
	cfg.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	server, err := targets.Listen(cmd.Context(), cfg)
	if err != nil {
		return unansweredError{fmt.Errorf("--listen %s: %w", cfg.Listen, err)}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "listening on %v, strategy %s, limit %d; Ctrl-C ends it\n", server.Addr(), cfg.Strategy, cfg.Limit)
	if err := server.Serve(cmd.Context()); err != nil {
		return err
	}
	server.Shutdown(serveGrace)
	totals := server.Report().Server
	if f.format == "json" {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(totals)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "accepted %d, admitted %d, rejected %d\nheld each rejection %.3f ms (mean), %.3f ms (p99); peak open %d\ndrained %d bytes; closed %d rejections over unread data; %.1f us of CPU time per rejection\n",
		totals.Accepted, totals.Admitted, totals.Rejected, totals.HoldMs.Mean, totals.HoldMs.P99, totals.PeakOpen,
		totals.BytesDrained, totals.UnreadAtClose, totals.CPUUsPerRejection)
	return err
}
