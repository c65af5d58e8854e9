package netpath

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// sysctls are the settings written into both namespaces, under net/, so that
// two machines measure the same TCP whatever their own defaults are. The
// buffer sizes are Linux's own defaults for a machine with enough memory
// (net/ipv4/tcp.c, tcp_init).
var sysctls = []struct{ name, value string }{
	{"ipv4/ip_local_port_range", "1024 65535"},
	{"ipv4/tcp_tw_reuse", "1"},        // a fleet must not run out of ports for TIME_WAIT's sake
	{"ipv4/tcp_no_metrics_save", "1"}, // no connection may learn from the one before
	{"ipv4/tcp_max_syn_backlog", "65535"},
	{"ipv4/tcp_syncookies", "0"}, // a cookie would forget the SYN's options
	{"core/somaxconn", "65535"},
	{"ipv4/tcp_rmem", "4096 131072 6291456"},
	{"ipv4/tcp_wmem", "4096 16384 4194304"},
	{"ipv4/tcp_slow_start_after_idle", "1"},
	{"ipv4/tcp_retries2", "15"},
	{"ipv4/tcp_orphan_retries", "0"},
	{"ipv4/tcp_fin_timeout", "60"},
}

// recorded are settings that are taken as the machine has them, and recorded.
var recorded = []string{"ipv4/tcp_congestion_control", "ipv4/tcp_timestamps", "ipv4/tcp_sack", "ipv4/tcp_ecn"}

// noIPv6 keeps the discovery packets of IPv6 out of the counts.
var noIPv6 = []string{"ipv6/conf/all/disable_ipv6", "ipv6/conf/default/disable_ipv6"}

// settle writes the fixed settings into the calling thread's namespace and
// reads back what is in force.
func settle(fixed bool) (map[string]string, error) {
	inForce := map[string]string{}
	read := func(name string) error {
		b, err := os.ReadFile(filepath.Join("/proc/sys/net", name))
		if err != nil {
			return fmt.Errorf("read sysctl net/%s: %w", name, err)
		}
		inForce[filepath.Base(name)] = strings.Join(strings.Fields(string(b)), " ")
		return nil
	}
	for _, s := range sysctls {
		if fixed {
			if err := os.WriteFile(filepath.Join("/proc/sys/net", s.name), []byte(s.value), 0); err != nil {
				return nil, fmt.Errorf("set sysctl net/%s: %w", s.name, err)
			}
		}
		if err := read(s.name); err != nil {
			return nil, err
		}
		if got := inForce[filepath.Base(s.name)]; fixed && got != s.value {
			return nil, fmt.Errorf("set sysctl net/%s to %q: it reads back %q", s.name, s.value, got)
		}
	}
	for _, name := range recorded {
		if err := read(name); err != nil {
			return nil, err
		}
	}
	if fixed {
		for _, name := range noIPv6 {
			// A kernel without IPv6 has nothing to turn off.
			if err := os.WriteFile(filepath.Join("/proc/sys/net", name), []byte("1"), 0); err != nil && !os.IsNotExist(err) {
				return nil, fmt.Errorf("set sysctl net/%s: %w", name, err)
			}
		}
	}
	return inForce, nil
}
