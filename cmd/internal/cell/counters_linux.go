package cell

import (
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"

	"github.com/rejectbench/rejectbench/results"
)

// counters reads the counters of results.Counters in the network namespace of a
// process, by name. A counter that this kernel lacks is left out. It parses the
// files itself: package procfs has fields for some of the counters that it never
// fills in.
func counters(pid int) (map[string]int64, error) {
	values := map[string]int64{}
	for _, file := range []string{"netstat", "snmp"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, file))
		if err != nil {
			return nil, fmt.Errorf("read the kernel's counters: %w", err)
		}
		all, err := parseCounters(string(b))
		if err != nil {
			return nil, fmt.Errorf("read the kernel's counters in %s: %w", file, err)
		}
		for _, c := range results.Counters {
			if v, ok := all[c.Name]; ok && c.File == file {
				values[c.Name] = v
			}
		}
	}
	return values, nil
}

// parseCounters reads the TCP counters of /proc/net/netstat or snmp: a line of
// names and below it a line of values, both behind the protocol's name.
func parseCounters(file string) (map[string]int64, error) {
	values := map[string]int64{}
	var names []string
	for line := range strings.Lines(file) {
		fields := strings.Fields(line)
		if len(fields) == 0 || (fields[0] != "Tcp:" && fields[0] != "TcpExt:") {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		if len(fields) != len(names) {
			return nil, fmt.Errorf("%d names and %d values", len(names), len(fields))
		}
		for i := 1; i < len(fields); i++ {
			// MaxConn may be -1; the others fit an int64.
			v, err := strconv.ParseInt(fields[i], 10, 64)
			if err != nil {
				return nil, err
			}
			values[names[i]] = v
		}
		names = nil
	}
	return values, nil
}

// delta is after minus before.
func delta(before, after map[string]int64) map[string]int64 {
	d := maps.Clone(after)
	for name := range d {
		d[name] -= before[name]
	}
	return d
}

// timeWait counts the TIME_WAIT sockets in the network namespace of a process.
func timeWait(pid int) (int64, error) {
	fs, err := procfs.NewFS("/proc/" + strconv.Itoa(pid))
	if err != nil {
		return 0, fmt.Errorf("count TIME_WAIT sockets: %w", err)
	}
	stat, err := fs.NetSockstat()
	if err != nil {
		return 0, fmt.Errorf("count TIME_WAIT sockets: %w", err)
	}
	for _, p := range stat.Protocols {
		if p.Protocol == "TCP" && p.TW != nil {
			return int64(*p.TW), nil
		}
	}
	return 0, nil
}
