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

// somaxconn is not there in a namespace of an ordinary user on older kernels
// (Linux 6.1: net/core/sysctl_net_core.c), which has the kernel's default of 4096.
const somaxconn = "core/somaxconn"

// written are the settings that an instrument needs, under net/, written into
// every namespace of a path.
var written = []sysctl{
	{"ipv4/ip_local_port_range", "1024 65535"},
	{"ipv4/tcp_tw_reuse", "1"},        // a fleet must not run out of ports for TIME_WAIT's sake
	{"ipv4/tcp_no_metrics_save", "1"}, // no connection may learn from the one before
	{"ipv4/tcp_max_syn_backlog", "65535"},
	{"ipv4/tcp_syncookies", "0"}, // a cookie would forget the SYN's options
	{somaxconn, "65535"},
}

// recorded are settings that decide what is measured. They are taken as the
// machine has them, because its own TCP is what a user asks about, and recorded.
var recorded = []string{
	"ipv4/tcp_congestion_control", "ipv4/tcp_rmem", "ipv4/tcp_wmem", "ipv4/tcp_timestamps", "ipv4/tcp_sack", "ipv4/tcp_ecn",
	"ipv4/tcp_slow_start_after_idle", "ipv4/tcp_min_tso_segs", "ipv4/tcp_retries2", "ipv4/tcp_orphan_retries",
	"ipv4/tcp_fin_timeout", "ipv4/tcp_abort_on_overflow", "ipv4/tcp_limit_output_bytes",
}

// Without IPv6 none of its discovery packets enter the counts; with it, the
// ends send none: a device has no address but the one it is given, and asks for
// no router.
var (
	noIPv6   = []sysctl{{"ipv6/conf/all/disable_ipv6", "1"}, {"ipv6/conf/default/disable_ipv6", "1"}}
	withIPv6 = []sysctl{
		{"ipv6/conf/all/disable_ipv6", "0"}, {"ipv6/conf/default/disable_ipv6", "0"},
		{"ipv6/conf/default/addr_gen_mode", "1"}, // IN6_ADDR_GEN_MODE_NONE
		{"ipv6/conf/default/accept_ra", "0"},
		{"ipv6/conf/default/router_solicitations", "0"},
	}
)

// settings are the sysctls to write for a path.
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

// applySysctls writes the path's settings into the calling thread's namespace, unless
// the namespace is the system's own, and reads back what is in force.
func applySysctls(spec Spec, own bool) (map[string]string, error) {
	inForce := map[string]string{}
	for _, s := range settings(spec) {
		got, err := s.apply(own)
		if errors.Is(err, fs.ErrNotExist) && s.name == somaxconn {
			continue
		}
		if err != nil {
			return nil, err
		}
		inForce[filepath.Base(s.name)] = got
	}
	for _, name := range recorded {
		got, err := sysctl{name: name}.apply(false)
		if err != nil {
			return nil, err
		}
		inForce[filepath.Base(name)] = got
	}
	family := noIPv6
	if spec.IPv6 {
		family = withIPv6
	}
	for _, s := range family {
		got, err := s.apply(own)
		switch {
		case errors.Is(err, fs.ErrNotExist) && spec.IPv6:
			return nil, fmt.Errorf("this kernel has no IPv6: %w: %w", ErrNotAllowed, err)
		case errors.Is(err, fs.ErrNotExist):
			// A kernel without IPv6 has nothing to turn off.
		case err != nil:
			return nil, err
		case spec.IPv6:
			inForce[s.name] = got
		}
	}
	return inForce, nil
}

// apply writes the setting if write is set, and returns what is in force.
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
