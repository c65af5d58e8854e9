// Package witness measures how much of the machine's CPU time went to processes that
// do not belong to a run, and how long threads of a run waited for a CPU.
//
// Take reads how much CPU time was used since the machine started: by everything, and
// by this process and its descendants. Between two samples, what everything used less
// what the run used is what others used. Cells that run side by side are descendants of
// the same process, so none counts another as others.
//
// The kernel's work for interrupts (irq and softirq of /proc/stat), most of which
// carries packets, belongs to no process. It counts as the run's, whose packets most of
// them are; so other programs' traffic is missed. Kernel threads count as others.
//
// The resolution is that of /proc/stat: hundredths of a second of each of its columns.
// So the time of all CPUs in a short interval is known to a few hundredths of a second.
// What a busy CPU did is not taken from the kernel's samples at its ticks: idle time is
// exact on a kernel that stops the tick of an idle CPU, and busy time is the rest.
package witness

import (
	"errors"
	"time"
)

// ErrUnknown is returned where the system does not say how CPU time was used.
var ErrUnknown = errors.New("the use of the CPUs is unknown on this system")

// Sample is how the CPUs were used until a moment.
type Sample struct {
	at       time.Time
	cpus     int
	unused   time.Duration // CPUs were idle, or waited for storage
	stolen   time.Duration // by the hypervisor
	internal time.Duration // interrupts
	own      time.Duration // this process and its descendants
}

// Use is how the CPUs were used between two samples.
type Use struct {
	CPUs   int
	Total  time.Duration // of all CPUs
	Others time.Duration // processes that do not belong to the run
	Stolen time.Duration // the hypervisor, for other machines
}

// Since returns how the CPUs were used since an earlier sample.
func (s Sample) Since(before Sample) Use {
	total := s.at.Sub(before.at) * time.Duration(s.cpus)
	stolen := max(s.stolen-before.stolen, 0)
	others := total - stolen - (s.unused - before.unused) - (s.internal - before.internal) - (s.own - before.own)
	return Use{CPUs: s.cpus, Total: total, Others: max(others, 0), Stolen: stolen}
}

// OthersShare is the share of the CPU time that others used, 0 to 1.
func (u Use) OthersShare() float64 { return u.share(u.Others) }

// StolenShare is the share of the CPU time that the hypervisor took, 0 to 1.
func (u Use) StolenShare() float64 { return u.share(u.Stolen) }

func (u Use) share(d time.Duration) float64 {
	if u.Total <= 0 {
		return 0
	}
	return min(float64(d)/float64(u.Total), 1)
}
