package cell

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/netip"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/targets"
)

// ServerSpec is the specification of the reference server. Addr is set by the
// cell's process.
type ServerSpec struct {
	Addr        netip.Addr
	Strategy    string
	Limit       int // connections admitted at once
	ServiceTime time.Duration
	Workers     int // admitted requests in their service time at once; 0 is no limit
	Bounds      targets.Bounds
	TLS         bool
	Nth         int           // place of the rejected request on its connection
	Grace       time.Duration // how long connections may stay open when the server is stopped
}

// StopGrace returns how long connections over a path with a round trip may stay open
// when their server is stopped.
func StopGrace(rtt time.Duration) time.Duration { return 10*time.Second + 4*rtt }

// serverReady is the first message of the server's process.
type serverReady struct {
	Addr  netip.AddrPort
	Error string
}

// serverRole serves until its next message, and then reports. It stays until the
// end of its input.
func serverRole(ctx context.Context, in *json.Decoder, out *gob.Encoder) error {
	var spec ServerSpec
	if err := in.Decode(&spec); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	server, err := targets.Listen(ctx, targets.Config{
		Listen:      netip.AddrPortFrom(spec.Addr, 0).String(),
		Strategy:    spec.Strategy,
		Limit:       spec.Limit,
		ServiceTime: spec.ServiceTime,
		Workers:     spec.Workers,
		Bounds:      spec.Bounds,
		TLS:         spec.TLS,
		Nth:         spec.Nth,
	})
	if err != nil {
		return out.Encode(serverReady{Error: err.Error()})
	}
	process.Foreground()
	if err := out.Encode(serverReady{Addr: server.Addr()}); err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	var stop struct{}
	if err := in.Decode(&stop); err != nil {
		return nil // the parent is gone
	}
	server.Shutdown(spec.Grace)
	if err := <-served; err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	if err := out.Encode(server.Report()); err != nil {
		return fmt.Errorf("send the report: %w", err)
	}
	// The parent still reads the counters of this process's network namespace.
	_ = in.Decode(&stop)
	return nil
}

// fleetReport is the report of the fleet's or the driver's process.
type fleetReport struct {
	Report loadgen.Report
	Error  string
}

// fleetRole runs a fleet and reports.
func fleetRole(ctx context.Context, in *json.Decoder, out *gob.Encoder) error {
	var cfg loadgen.Config
	if err := in.Decode(&cfg); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	released := make(chan struct{})
	go func() { defer close(released); process.CancelAtNextMessage(in, cancel) }()

	// net/http logs unsolicited answers, and has no switch for that.
	log.SetOutput(io.Discard)
	var report fleetReport
	process.Foreground()
	result, err := loadgen.Run(ctx, cfg)
	if err == nil {
		report.Report, err = result.Report()
	}
	return sendReport(out, report, err, released)
}

// sendReport sends a fleet's report, or the error that prevented it, and stays
// until the parent releases the process: it still reads the counters of its
// network namespace.
func sendReport(out *gob.Encoder, report fleetReport, err error, released <-chan struct{}) error {
	if err != nil {
		report.Error = err.Error()
	}
	if err := out.Encode(report); err != nil {
		return fmt.Errorf("send the report: %w", err)
	}
	<-released
	return nil
}
