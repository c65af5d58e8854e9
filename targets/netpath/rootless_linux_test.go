package netpath

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// A path of an ordinary user. The test starts itself as that user; this process
// starts another one in new namespaces (the middle), which opens the path.
const actAs = "NETPATH_TEST_ACT_AS"

func TestMain(m *testing.M) {
	act := map[string]func() error{"user": actAsUser, "middle": actAsMiddle}[os.Getenv(actAs)]
	if act == nil {
		os.Exit(m.Run())
	}
	if err := act(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.ENOSPC) { // ENOSPC: user.max_user_namespaces
			os.Exit(exitForbidden)
		}
		os.Exit(1)
	}
	os.Exit(0)
}

// exitForbidden is the exit status if the system denies this to ordinary users.
const exitForbidden = 3

// self is this program. Its file may be in a folder that only root can enter, while
// this path is always accessible.
func self(act string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), actAs+"="+act)
	cmd.Stderr = os.Stderr
	return cmd
}

func actAsUser() error {
	if os.Geteuid() == 0 {
		return errors.New("this is not an ordinary user")
	}
	runtime.LockOSThread() // the end of the thread would end the middle
	cmd := self("middle")
	cmd.Stdout = os.Stdout
	Isolate(cmd)
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == exitForbidden {
		return fmt.Errorf("the middle: %w", fs.ErrPermission)
	}
	return err
}

func actAsMiddle() error {
	const rtt = 10 * time.Millisecond
	p, err := Open(Spec{Kind: DelayLine, Impairments: impair.Set{}.WithRTT(rtt)}, true)
	if err != nil {
		return err
	}
	var listener net.Listener
	err = p.server.do(func() (err error) {
		listener, err = net.Listen("tcp", net.JoinHostPort(p.ServerAddr().String(), "0"))
		return err
	})
	if err != nil {
		return err
	}
	var took time.Duration
	err = p.client.do(func() error {
		started := time.Now()
		c, err := net.DialTimeout("tcp", listener.Addr().String(), patience)
		if err != nil {
			return err
		}
		took = time.Since(started)
		return c.Close()
	})
	if err != nil {
		return err
	}
	// When accept returns, the last segment of the handshake has crossed the path.
	served, err := listener.Accept()
	if err != nil {
		return err
	}
	served.Close()
	stats, err := p.Close()
	if err == nil && (took < rtt || stats.Packets < 3 || stats.RingDrops+stats.SendErrors != 0) {
		err = fmt.Errorf("the handshake took %v; %+v", took, stats)
	}
	if err == nil {
		fmt.Printf("uid %d: a handshake over %v\n", os.Geteuid(), rtt)
	}
	return err
}

func TestOrdinaryUserCanOpenDelayLine(t *testing.T) {
	cmd := self("user")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if os.Geteuid() == 0 {
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == exitForbidden && os.Getenv("CI") != "true" {
		t.Skipf("this system forbids it: %s", &stderr)
	}
	// In the user namespace the user is root.
	if err != nil || stdout.String() != "uid 0: a handshake over 10ms\n" {
		t.Errorf("%v: %s%s", err, &stdout, &stderr)
	}
}
