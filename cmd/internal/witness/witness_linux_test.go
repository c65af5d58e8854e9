package witness

import (
	"os/exec"
	"testing"
	"time"
)

// between takes samples around f.
func between(t *testing.T, f func()) Use {
	t.Helper()
	before, err := Take()
	if err != nil {
		t.Skip(err)
	}
	f()
	after, err := Take()
	if err != nil {
		t.Fatal(err)
	}
	return after.Since(before)
}

// spin starts a shell that only computes, below a parent.
func spin(t *testing.T, command ...string) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
}

func TestADescendantIsNotCountedAsOthers(t *testing.T) {
	spin(t, "sh", "-c", "while :; do :; done")
	time.Sleep(20 * time.Millisecond)
	before, err := ownTime()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	after, err := ownTime()
	if err != nil {
		t.Fatal(err)
	}
	// On a busy machine the loop gets a fraction of a CPU.
	if used := after - before; used < 10*time.Millisecond {
		t.Errorf("this process and its busy child used %v", used)
	}
}

func TestSharesAddUpToAtMostAll(t *testing.T) {
	u := between(t, func() { time.Sleep(300 * time.Millisecond) })
	t.Logf("others %.1f%%, hypervisor %.1f%% of %v", u.OthersShare()*100, u.StolenShare()*100, u.Total)
	if s := u.OthersShare() + u.StolenShare(); s < 0 || s > 1 || u.Total < 300*time.Millisecond {
		t.Errorf("others and hypervisor took %v of %v", s, u.Total)
	}
}

func TestWaitingGrowsAndIsUnknownWithoutThreads(t *testing.T) {
	cmd := exec.Command("sh", "-c", "while :; do :; done")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	first, err := Waited(cmd.Process.Pid)
	if err != nil {
		t.Skip(err)
	}
	time.Sleep(50 * time.Millisecond)
	if second, err := Waited(cmd.Process.Pid); err != nil || second < first {
		t.Errorf("waited %v, then %v, %v", first, second, err)
	}
	if _, err := Waited(); err == nil {
		t.Error("the waiting of no process is known")
	}
}

func TestUseIsWhatNobodyElseAccountsFor(t *testing.T) {
	at := time.Now()
	before := Sample{at: at, cpus: 2}
	after := Sample{
		at: at.Add(time.Second), cpus: 2,
		unused: 800 * time.Millisecond, stolen: 100 * time.Millisecond, internal: 50 * time.Millisecond, own: 650 * time.Millisecond,
	}
	want := Use{CPUs: 2, Total: 2 * time.Second, Others: 400 * time.Millisecond, Stolen: 100 * time.Millisecond}
	if got := after.Since(before); got != want {
		t.Errorf("use %+v, want %+v", got, want)
	}
	after.own = 5 * time.Second // more than there was, by the resolution of a column
	if got := after.Since(before).Others; got != 0 {
		t.Errorf("others used %v", got)
	}
}
