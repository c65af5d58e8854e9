package netpath

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// setting is a sysctl under net/ and its value.
type setting struct{ name, value string }

// sysctls are the settings that an instrument needs, under net/, written into
// every namespace of a path.
var sysctls = []setting{
	{"ipv4/ip_local_port_range", "1024 65535"},
	{"ipv4/tcp_tw_reuse", "1"},        // a fleet must not run out of ports for TIME_WAIT's sake
	{"ipv4/tcp_no_metrics_save", "1"}, // no connection may learn from the one before
	{"ipv4/tcp_max_syn_backlog", "65535"},
	{"ipv4/tcp_syncookies", "0"}, // a cookie would forget the SYN's options
	{"core/somaxconn", "65535"},
}

// recorded are settings that decide what is measured. They are taken as the
// machine has them, because its own TCP is what a user asks about, and recorded.
var recorded = []string{
	"ipv4/tcp_congestion_control", "ipv4/tcp_rmem", "ipv4/tcp_wmem", "ipv4/tcp_timestamps", "ipv4/tcp_sack", "ipv4/tcp_ecn",
	"ipv4/tcp_slow_start_after_idle", "ipv4/tcp_min_tso_segs", "ipv4/tcp_retries2", "ipv4/tcp_orphan_retries",
	"ipv4/tcp_fin_timeout", "ipv4/tcp_abort_on_overflow", "ipv4/tcp_limit_output_bytes",
}

// noIPv6 keeps the discovery packets of IPv6 out of the counts.
var noIPv6 = []string{"ipv6/conf/all/disable_ipv6", "ipv6/conf/default/disable_ipv6"}

// settings are the sysctls to write for a path.
func settings(spec Spec) []setting {
	congestion := spec.Congestion
	switch congestion {
	case SystemCongestion:
		return sysctls
	case "":
		congestion = DefaultCongestion
	}
	return append([]setting{{"ipv4/tcp_congestion_control", congestion}}, sysctls...)
}

// settle writes the path's settings into the calling thread's namespace, unless
// the namespace is the system's own, and reads back what is in force.
func settle(spec Spec, own bool) (map[string]string, error) {
	inForce := map[string]string{}
	read := func(name string) error {
		b, err := os.ReadFile(filepath.Join("/proc/sys/net", name))
		if err != nil {
			return fmt.Errorf("read sysctl net/%s: %w", name, err)
		}
		inForce[filepath.Base(name)] = strings.Join(strings.Fields(string(b)), " ")
		return nil
	}
	for _, s := range settings(spec) {
		if own {
			if err := os.WriteFile(filepath.Join("/proc/sys/net", s.name), []byte(s.value), 0); err != nil {
				return nil, fmt.Errorf("set sysctl net/%s: %w", s.name, err)
			}
		}
		if err := read(s.name); err != nil {
			return nil, err
		}
		if got := inForce[filepath.Base(s.name)]; own && got != s.value {
			return nil, fmt.Errorf("set sysctl net/%s to %q: it reads back %q", s.name, s.value, got)
		}
	}
	for _, name := range recorded {
		if err := read(name); err != nil {
			return nil, err
		}
	}
	if own {
		for _, name := range noIPv6 {
			// A kernel without IPv6 has nothing to turn off.
			if err := os.WriteFile(filepath.Join("/proc/sys/net", name), []byte("1"), 0); err != nil && !os.IsNotExist(err) {
				return nil, fmt.Errorf("set sysctl net/%s: %w", name, err)
			}
		}
	}
	return inForce, nil
}
