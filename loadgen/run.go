package loadgen

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"

	"github.com/rejectbench/rejectbench/results"
)

// maxConcurrency bounds the memory that a mistyped number can cause.
const maxConcurrency = 1 << 20

// descriptorsBeside is the number of descriptors for the rest of the process.
const descriptorsBeside = 32

// descriptorError means that a concurrency needs more descriptors than the process
// may open.
type descriptorError struct {
	Concurrency int
	Limit       uint64
}

func (e *descriptorError) Error() string {
	return fmt.Sprintf("concurrency %d needs %d descriptors, and this process may open %d: raise the limit with ulimit -n %d",
		e.Concurrency, e.Concurrency+descriptorsBeside, e.Limit, e.Concurrency+descriptorsBeside)
}

// CheckDescriptors returns an error if this process may not open a socket for each
// of the given number of attempts at once.
func CheckDescriptors(concurrency int) error {
	if limit := descriptorLimit(); uint64(concurrency)+descriptorsBeside > limit {
		return &descriptorError{concurrency, limit}
	}
	return nil
}

// withDefaults returns the configuration with defaults for zero fields, or an
// error if a field is invalid.
func (cfg Config) withDefaults() (Config, error) {
	if !cfg.Target.Addr.IsValid() || cfg.Target.Addr.Port() == 0 {
		return cfg, errors.New("no address to connect to")
	}
	if cfg.Concurrency == 0 {
		cfg.Concurrency = 1
	}
	switch {
	case cfg.Concurrency < 0 || cfg.Concurrency > maxConcurrency:
		return cfg, fmt.Errorf("concurrency %d: must be from 1 to %d", cfg.Concurrency, maxConcurrency)
	case cfg.Requests < 0:
		return cfg, fmt.Errorf("%d requests", cfg.Requests)
	case cfg.Duration < 0:
		return cfg, fmt.Errorf("duration %v", cfg.Duration)
	case cfg.Requests == 0 && cfg.Duration == 0:
		return cfg, errors.New("neither a number of requests nor a duration")
	case cfg.Rate < 0 || math.IsNaN(cfg.Rate) || math.IsInf(cfg.Rate, 0):
		return cfg, fmt.Errorf("rate %v", cfg.Rate)
	case cfg.Expected < 0:
		return cfg, fmt.Errorf("expected time of an attempt %v", cfg.Expected)
	case cfg.BodyBytes < 0:
		return cfg, fmt.Errorf("body of %d bytes", cfg.BodyBytes)
	case cfg.Nth < 0 || cfg.Nth > MaxNth:
		return cfg, fmt.Errorf("request %d of a connection: must be from 1 to %d", cfg.Nth, MaxNth)
	}
	if _, err := results.CompleteArrivals(cfg.arrivals(), cfg.Rate); err != nil {
		return cfg, fmt.Errorf("arrivals %q, rate %v: %w", cfg.arrivals(), cfg.Rate, err)
	}
	cfg.Nth = max(cfg.Nth, 1)
	for _, limit := range []struct {
		name  string
		value *int64
		zero  int64
	}{
		{"connect timeout", (*int64)(&cfg.ConnectTimeout), int64(DefaultTimeout)},
		{"send timeout", (*int64)(&cfg.SendTimeout), int64(DefaultTimeout)},
		{"receive timeout", (*int64)(&cfg.ReceiveTimeout), int64(DefaultTimeout)},
		{"wait for the end", (*int64)(&cfg.EndWait), int64(defaultEndWait)},
		{"read delay", (*int64)(&cfg.ReadDelay), int64(DefaultReadDelay)},
	} {
		if *limit.value < 0 {
			return cfg, fmt.Errorf("negative %s", limit.name)
		}
		if *limit.value == 0 {
			*limit.value = limit.zero
		}
	}
	if cfg.Workers == 0 {
		cfg.Workers = max(runtime.NumCPU()/2, 1)
	}
	return cfg, CheckDescriptors(cfg.slots())
}

// Run makes the attempts of cfg and returns when all have ended. If ctx ends
// first, it cuts the attempts in flight and returns both the result of the others
// and the error of ctx.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	client, err := ClientByName(cfg.Client)
	if err != nil {
		return nil, err
	}
	if cfg, err = cfg.withDefaults(); err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	if client.OneRequest() && cfg.Nth > 1 {
		return nil, fmt.Errorf("fleet: client %s makes only one request per connection: choose another client for request %d", client.Name, cfg.Nth)
	}
	var r *Result
	switch {
	case client.library:
		r, err = runNetHTTP(ctx, cfg)
	case cfg.Portable || cfg.Target.TLS || !hasEpoll:
		r, err = runPortable(ctx, cfg, client)
	default:
		r, err = runEpoll(ctx, cfg, client)
	}
	if r != nil {
		r.finish()
	}
	if err != nil {
		return r, fmt.Errorf("fleet: %w", err)
	}
	return r, nil
}

// MaxConcurrency returns the highest concurrency for which this process may open
// sockets.
func MaxConcurrency() int {
	return int(min(descriptorLimit(), maxConcurrency+descriptorsBeside)) - descriptorsBeside
}
