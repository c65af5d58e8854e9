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

// ServerSpec is what the server process is told.
type ServerSpec struct {
	Addr        netip.Addr
	Strategy    string
	Limit       int
	ServiceTime time.Duration
	Workers     int
	Bounds      targets.Bounds
	TLS         bool
	Nth         int
	Grace       time.Duration // how long open connections may go on when the server is stopped
}

// serverReady is what the server process says first.
type serverReady struct {
	Addr  netip.AddrPort
	Error string
}

// serverRole serves until its next message or the end of its input, and then
// hands its report back.
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
	if err := out.Encode(serverReady{Addr: server.Addr()}); err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	var stop struct{}
	if err := in.Decode(&stop); err != nil {
		return nil // the parent is gone, and nobody waits for a report
	}
	server.Shutdown(spec.Grace)
	if err := <-served; err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	if err := out.Encode(server.Report()); err != nil {
		return fmt.Errorf("hand back the report: %w", err)
	}
	// Stay until the parent has read the namespace's counters.
	_ = in.Decode(&stop)
	return nil
}

// fleetReport is what the fleet process hands back.
type fleetReport struct {
	Report loadgen.Report
	Error  string
}

// fleetRole runs a fleet and hands its report back.
func fleetRole(ctx context.Context, in *json.Decoder, out *gob.Encoder) error {
	var cfg loadgen.Config
	if err := in.Decode(&cfg); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	left := make(chan struct{})
	go func() { defer close(left); process.CancelAtNextMessage(in, cancel) }()

	// net/http logs what a server sends unasked, and has no switch for it.
	log.SetOutput(io.Discard)
	var report fleetReport
	result, err := loadgen.Run(ctx, cfg)
	if err == nil {
		report.Report, err = result.Report()
	}
	return sendReport(out, report, err, left)
}

// sendReport hands back a fleet's report, or what kept it from having one, and
// stays until the parent has read the namespace's counters.
func sendReport(out *gob.Encoder, report fleetReport, err error, left <-chan struct{}) error {
	if err != nil {
		report.Error = err.Error()
	}
	if err := out.Encode(report); err != nil {
		return fmt.Errorf("hand back the report: %w", err)
	}
	<-left
	return nil
}
