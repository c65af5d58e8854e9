package cell

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/loadgen/drivers"
)

func TestErrorsThatDifferInAddressesTimesOrNumbersAreOfOneKind(t *testing.T) {
	for _, tt := range []struct{ words, kind string }{
		{"read tcp 10.0.0.1:40022->10.0.0.2:8080: read: connection reset by peer", "read tcp ADDRESS->ADDRESS: read: connection reset by peer"},
		{"write tcp [fd00::1]:40022->[fd00::2]:8080: write: broken pipe", "write tcp ADDRESS->ADDRESS: write: broken pipe"},
		{`Get "https://10.0.0.2:8080/": EOF`, `Get "https://ADDRESS/": EOF`},
		{"Failed to connect to 10.0.0.2 port 8080 after 12 ms: Couldn't connect to server", "Failed to connect to ADDRESS port N after N ms: Couldn't connect to server"},
		{"Operation timed out after 999 milliseconds with 0 bytes received", "Operation timed out after N milliseconds with N bytes received"},
		{"NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f12ab>: [Errno 111] Connection refused')", "NewConnectionError('<urllib3.connection.HTTPConnection object at 0xN>: [Errno 111] Connection refused')"},
		{"HTTPConnectionPool(host='10.0.0.2', port=8080): Read timed out.", "HTTPConnectionPool(host='ADDRESS', port N): Read timed out."},
		{"IncompleteRead(1 bytes read, 4 more expected)", "IncompleteRead(N bytes read, 4 more expected)"},
		{"exit 8: 2026-11-23 00:20:48 ERROR 503: Service Unavailable.", "exit 8: TIME ERROR 503: Service Unavailable."},
		{"OpenSSL SSL_read: error:0A000126:SSL routines::unexpected eof while reading, errno 0", "OpenSSL SSL_read: error:0A000126:SSL routines::unexpected eof while reading, errno 0"},
		{"ECONNRESET read read ECONNRESET", "ECONNRESET read read ECONNRESET"},
	} {
		if got := errorKind(tt.words); got != tt.kind {
			t.Errorf("%q is of the kind %q, want %q", tt.words, got, tt.kind)
		}
	}
}

func TestEveryErrorOfADriverIsCountedOnceAmongAFewKinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var attempts []drivenAttempt
		var errors int64
		for range rapid.IntRange(0, 200).Draw(t, "attempts") {
			a := drivenAttempt{AttemptLine: drivers.AttemptLine{Error: rapid.SampledFrom([]string{"", "reset", "pipe", "other", rapid.StringN(0, 3, -1).Draw(t, "words")}).Draw(t, "error")}}
			if a.Error != "" {
				errors++
			}
			attempts = append(attempts, a)
		}
		kinds := countErrors(attempts)
		var sum int64
		least := int64(len(attempts))
		for kind, n := range kinds {
			sum += n
			if kind != otherKind {
				least = min(least, n)
			}
		}
		named := len(kinds)
		if _, ok := kinds[otherKind]; ok {
			named--
		}
		if sum != errors || named > maxKinds || (kinds == nil) != (errors == 0) {
			t.Fatalf("%d errors became %v", errors, kinds)
		}
		all := map[string]int64{}
		for _, a := range attempts {
			if a.Error != "" {
				all[errorKind(a.Error)]++
			}
		}
		for kind, n := range all {
			if got, ok := kinds[kind]; kind != otherKind && ok && got != n || kind != otherKind && !ok && n > least {
				t.Errorf("%q: %d of %d, and the least of the kept has %d", kind, got, n, least)
			}
		}
	})
}

func TestTheSameErrorFromAnyTwoPortsIsOfOneKind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		address := func(name string) netip.AddrPort {
			ip := netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, name)))
			if rapid.Bool().Draw(t, "ipv4") {
				ip = netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, name)))
			}
			return netip.AddrPortFrom(ip, rapid.Uint16().Draw(t, name+" port"))
		}
		words := fmt.Sprintf("read tcp %v->%v: read: connection reset by peer", address("local"), address("remote"))
		if kind := errorKind(words); kind != "read tcp ADDRESS->ADDRESS: read: connection reset by peer" || strings.Contains(kind, otherKind) {
			t.Errorf("%s is of the kind %s", words, kind)
		}
	})
}
