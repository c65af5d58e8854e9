package calibrate

import (
	"context"
	"fmt"
	"os/exec"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// lossSpec is the specification of the loss process.
type lossSpec struct {
	Path     netpath.Spec
	Isolated bool
	Packets  int // datagrams each way
}

// lossReport is what the loss process reports. Its two counts are independent: the
// path counts as it drops, and the sockets at its ends count what arrives.
type lossReport struct {
	Ways    [2]datagrams // up, down
	Dropped int64        // on purpose, by the path's count
	Failed  int64        // lost by the path for other reasons
	Error   string
}

// datagrams are the datagrams sent one way, and how many of them arrived.
type datagrams struct {
	Sent    int64
	Arrived int64
	// Marks are sent behind the others until one arrives. They are not in Sent,
	// and the path may drop them too.
	Marks int64
}

func (d datagrams) lost() int64 { return d.Sent - d.Arrived }

// measureLoss sends datagrams both ways over a path, in a process that makes the
// path.
func measureLoss(ctx context.Context, spec lossSpec) (report lossReport, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	p, err := process.New("loss")
	if err != nil {
		return report, err
	}
	if spec.Isolated {
		netpath.Isolate(p.Cmd)
	}
	if err := p.Start((*exec.Cmd).Start, spec); err != nil {
		return report, fmt.Errorf("start the loss process: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = p.Cmd.Process.Kill() })
	defer stop()
	err = p.Receive(&report)
	if err != nil {
		err = fmt.Errorf("the loss process died: %w", p.Cause(err))
	}
	_ = p.Stop()
	if ctx.Err() != nil {
		return report, ctx.Err()
	}
	return report, err
}
