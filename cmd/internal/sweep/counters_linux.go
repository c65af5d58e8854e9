package sweep

import (
	"fmt"
	"maps"
	"reflect"
	"strconv"

	"github.com/prometheus/procfs"

	"github.com/rejectbench/rejectbench/results"
)

// counters reads the kernel's counters in the network namespace of a process.
// A counter that this kernel does not have is left out.
func counters(pid int) (map[string]int64, error) {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return nil, fmt.Errorf("read the kernel's counters: %w", err)
	}
	netstat, err := proc.Netstat()
	if err != nil {
		return nil, fmt.Errorf("read the kernel's counters: %w", err)
	}
	snmp, err := proc.Snmp()
	if err != nil {
		return nil, fmt.Errorf("read the kernel's counters: %w", err)
	}
	files := map[string]reflect.Value{"netstat": reflect.ValueOf(netstat.TcpExt), "snmp": reflect.ValueOf(snmp.Tcp)}
	values := map[string]int64{}
	for _, c := range results.Counters {
		if v, ok := files[c.File].FieldByName(c.Name).Interface().(*float64); ok && v != nil {
			values[c.Name] = int64(*v)
		}
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
