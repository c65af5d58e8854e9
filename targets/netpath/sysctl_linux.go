package netpath

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sysctl is a sysctl under net/ and its value.
type sysctl struct{ name, value string }

// somaxconn does not exist in the namespace of an ordinary user on older kernels
// (Linux 6.1: net/core/sysctl_net_core.c). There the kernel's default of 4096
// applies.
const somaxconn = "core/somaxconn"

// written are the sysctls that are set in every namespace of a path.
var written = []sysctl{
	{"ipv4/ip_local_port_range", "1024 65535"},
	{"ipv4/tcp_tw_reuse", "1"},        // ports in TIME_WAIT must not exhaust the fleet's ports
	{"ipv4/tcp_no_metrics_save", "1"}, // a connection must not inherit metrics of an earlier one
	{"ipv4/tcp_max_syn_backlog", "65535"},
	{"ipv4/tcp_syncookies", "0"}, // a SYN cookie would lose TCP options of the SYN
	{somaxconn, "65535"},
}

// recorded are settings that influence the result. They are recorded and not
// changed, because users ask about the TCP of their own machine.
var recorded = []string{
	"ipv4/tcp_congestion_control", "ipv4/tcp_rmem", "ipv4/tcp_wmem", "ipv4/tcp_timestamps", "ipv4/tcp_sack", "ipv4/tcp_ecn",
	"ipv4/tcp_slow_start_after_idle", "ipv4/tcp_min_tso_segs", "ipv4/tcp_retries2", "ipv4/tcp_orphan_retries",
	"ipv4/tcp_fin_timeout", "ipv4/tcp_abort_on_overflow", "ipv4/tcp_limit_output_bytes",
}

// Neighbour and router discovery must not add packets to the counts. Without
// IPv6 there is none. With IPv6 the ends send none: a device has only the address
// that it is given and solicits no router.
var (
	noIPv6   = []sysctl{{"ipv6/conf/all/disable_ipv6", "1"}, {"ipv6/conf/default/disable_ipv6", "1"}}
	withIPv6 = []sysctl{
		{"ipv6/conf/all/disable_ipv6", "0"}, {"ipv6/conf/default/disable_ipv6", "0"},
		{"ipv6/conf/default/addr_gen_mode", "1"}, // IN6_ADDR_GEN_MODE_NONE
		{"ipv6/conf/default/accept_ra", "0"},
		{"ipv6/conf/default/router_solicitations", "0"},
	}
)

// settings returns the sysctls to write for a path.
func settings(spec Spec) []sysctl {
	congestion := spec.Congestion
	switch congestion {
	case SystemCongestion:
		return written
	case "":
		congestion = DefaultCongestion
	}
	return append([]sysctl{{"ipv4/tcp_congestion_control", congestion}}, written...)
}

// applySysctls writes the sysctls of the path into the calling thread's namespace
// if write is set; it must not be set in the system's own namespace. It returns
// the values in effect, by the last element of the name.
func applySysctls(spec Spec, write bool) (map[string]string, error) {
	inEffect := map[string]string{}
	for _, s := range settings(spec) {
		got, err := s.apply(write)
		if errors.Is(err, fs.ErrNotExist) && s.name == somaxconn {
			continue
		}
		if err != nil {
			return nil, err
		}
		inEffect[filepath.Base(s.name)] = got
	}
	for _, name := range recorded {
		got, err := sysctl{name: name}.apply(false)
		if err != nil {
			return nil, err
		}
		inEffect[filepath.Base(name)] = got
	}
	family := noIPv6
	if spec.IPv6 {
		family = withIPv6
	}
	for _, s := range family {
		got, err := s.apply(write)
		switch {
		case errors.Is(err, fs.ErrNotExist) && spec.IPv6:
			return nil, fmt.Errorf("this kernel has no IPv6: %w: %w", ErrNotAllowed, err)
		case errors.Is(err, fs.ErrNotExist):
			// This kernel has no IPv6 to turn off.
		case err != nil:
			return nil, err
		case spec.IPv6:
			inEffect[s.name] = got
		}
	}
	return inEffect, nil
}

// apply writes the sysctl if write is set, and returns its value.
func (s sysctl) apply(write bool) (string, error) {
	path := filepath.Join("/proc/sys/net", s.name)
	if write {
		if err := os.WriteFile(path, []byte(s.value), 0); err != nil {
			return "", fmt.Errorf("set sysctl net/%s: %w", s.name, err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read sysctl net/%s: %w", s.name, err)
	}
	got := strings.Join(strings.Fields(string(b)), " ")
	if write && got != s.value {
		return "", fmt.Errorf("set sysctl net/%s to %q: it reads back %q", s.name, s.value, got)
	}
	return got, nil
}
