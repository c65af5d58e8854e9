// Command check verifies the console output of the machine that ../run boots:
// every step succeeded, and the cells were measured over the configured path.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// steps are the steps of ../init that must succeed.
var steps = []string{
	"modules", "doctor", "doctor-as-user", firstCalibration, "tests",
	"cells", "cells-loss", "cells-bursts", "cells-rate", "cells-disorder", "cells-as-user",
}

type checker struct {
	failures int
	cells    map[string]int // by step
	ended    map[string]bool

	calibrations []*calibration // in their order
}

func (c *checker) fail(format string, args ...any) {
	c.failures++
	fmt.Printf("FAILED: "+format+"\n", args...)
}

func main() {
	c := checker{cells: map[string]int{}, ended: map[string]bool{}}
	if err := c.read(os.Stdin); err != nil {
		c.fail("read the console: %v", err)
	}
	for _, name := range steps {
		switch {
		case !c.ended[name]:
			c.fail("step %s did not finish", name)
		case strings.HasPrefix(name, "cells") && c.cells[name] == 0:
			c.fail("step %s measured no cell", name)
		}
	}
	c.checkCalibrations()
	if c.failures > 0 {
		os.Exit(1)
	}
	fmt.Println("all checks passed")
}

func (c *checker) read(console io.Reader) error {
	lines := bufio.NewReader(console)
	var step, line string
	var err error
	for err == nil {
		line, err = lines.ReadString('\n')
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "== begin "):
			step = strings.TrimPrefix(line, "== begin ")
			if strings.HasPrefix(step, firstCalibration) {
				c.calibrations = append(c.calibrations, &calibration{step: step, within: map[string]int{}, outside: map[string]int{}})
			}
		case strings.HasPrefix(line, "== end "):
			name, status, _ := strings.Cut(strings.TrimPrefix(line, "== end "), " ")
			c.ended[name] = true
			switch {
			case strings.HasPrefix(name, firstCalibration) && name == step:
				c.calibrations[len(c.calibrations)-1].status = status
			case status != "0":
				c.fail("step %s ended with %s", name, status)
			}
			step = ""
		case strings.HasPrefix(step, firstCalibration):
			c.calibrations[len(c.calibrations)-1].read(line)
		case step == "tests" && strings.HasPrefix(strings.TrimSpace(line), "--- SKIP"):
			c.fail("skipped: %s", strings.TrimSpace(line))
		case strings.HasPrefix(line, "path ") && strings.Contains(line, "netem: no"):
			c.fail("step %s: %s", step, line)
		case strings.HasPrefix(line, "{"):
			var cell results.Cell
			if err := json.Unmarshal([]byte(line), &cell); err != nil {
				c.fail("step %s: %v", step, err)
				continue
			}
			c.cells[step]++
			c.checkCell(step, cell)
		}
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// steady are the steps whose handshakes must take exactly the round trip. Packets
// that wait for a rate or are reordered do not.
var steady = map[string]bool{"cells": true, "cells-loss": true, "cells-as-user": true}

func (c *checker) checkCell(step string, cell results.Cell) {
	name := fmt.Sprintf("%s: %s, rtt %v ms, loss %v%%, body %d", step, cell.Strategy, cell.RTTMs, cell.Loss*100, cell.BodyBytes)
	if cell.Impairments != "" {
		name += ", " + cell.Impairments
	}
	h := cell.HandshakeMs
	fmt.Printf("%s\n\thandshake %.3f ms at the median, %.3f at p90; %d of %d answers delivered; %d segments sent again; %d packets, %d dropped, %d of them by a full queue; valid %v %s\n",
		name, h.P50, h.P90, cell.Delivered, cell.Rejected, cell.TCP["RetransSegs"], cell.Path.Packets, cell.Path.Dropped, cell.Path.QueueDrops, cell.Valid, cell.InvalidReason)
	if cell.Path.Kind != "netem" {
		c.fail("%s: the path is %s", name, cell.Path.Kind)
	}
	if !cell.Valid {
		c.fail("%s: the cell is not valid: %s", name, cell.InvalidReason)
	}
	if cell.Attempts == 0 || cell.Rejected == 0 {
		c.fail("%s: nothing was measured", name)
	}
	if off := h.P50 - cell.RTTMs; steady[step] && (off < 0 || off > max(cell.RTTMs/100, 0.2)) {
		c.fail("%s: the median handshake is off by %.3f ms", name, off)
	}
	if step == "cells-bursts" && !strings.Contains(cell.Impairments, "loss-burst") {
		c.fail("%s: it has no bursts", name)
	}
	// Losses in bursts have another variance, which the tests of netpath check.
	if cell.Loss == 0 || step == "cells-bursts" {
		return
	}
	c.expect(name, "packets were lost", cell.Path.Dropped, cell.Path.Packets, cell.Loss)
	late, all, err := lateConnects(cell)
	if err != nil {
		c.fail("%s: %v", name, err)
		return
	}
	// SYN or SYN-ACK lost, each with probability cell.Loss.
	c.expect(name, "handshakes lost their SYN or SYN-ACK", late, all, 1-(1-cell.Loss)*(1-cell.Loss))
}

// expect checks a count against the 99.9% interval of a binomial distribution, by
// its normal approximation.
func (c *checker) expect(name, what string, count, n int64, share float64) {
	want := float64(n) * share
	give := 3.29 * math.Sqrt(want*(1-share))
	fmt.Printf("\t%d of %d %s, want %.0f give or take %.0f\n", count, n, what, want, give)
	if math.Abs(float64(count)-want) > give {
		c.fail("%s: %d of %d %s", name, count, n, what)
	}
}

// lateConnects counts the connects that took at least a second, the time after
// which the kernel resends a SYN or SYN-ACK.
func lateConnects(cell results.Cell) (late, all int64, err error) {
	for name, encoded := range cell.Histograms {
		if !strings.HasPrefix(name, "connect/") {
			continue
		}
		h, err := results.DecodeHistogram(encoded)
		if err != nil {
			return 0, 0, err
		}
		for _, bar := range h.Distribution() {
			all += bar.Count
			if bar.From >= int64(990*time.Millisecond) {
				late += bar.Count
			}
		}
	}
	return late, all, nil
}
