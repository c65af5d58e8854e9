package results

// CPU is what a cell could use of the machine's CPUs, and what others took.
type CPU struct {
	// OthersShare is the share of the CPU time of all CPUs, while the cell ran, that
	// processes outside the run used, 0 to 1.
	OthersShare float64 `json:"others_share"`
	// StealShare is the share that the hypervisor used for others, 0 to 1.
	StealShare float64 `json:"steal_share"`
	WaitMs     CPUWait `json:"wait_ms"` // how long threads that could run waited for a CPU, in milliseconds
	// ServerCPUs lists the CPUs that server and path shared, such as 2-3. It is empty
	// where all parts of the cell had all CPUs.
	ServerCPUs string `json:"server_cpus,omitempty"`
}

// CPUWait is the time that threads waited for a CPU, added over the threads of each
// part of a cell, in milliseconds (run delay of /proc/PID/schedstat,
// Documentation/scheduler/sched-stats.rst).
type CPUWait struct {
	Fleet  float64 `json:"fleet"`
	Server float64 `json:"server"`
	Path   float64 `json:"path"` // the cell's own process, which carries the packets
}

// TakenBound is the largest share of the CPU time of all CPUs that others may take from
// a cell. A process that was busy for a part of each tenth of a second lowered the share
// that close delivers (64 KiB, 20 ms, 20 clients, 2 CPUs of which server and path have one,
// 16 rounds and 960 rejections a column, valid or not):
//
//	others' share     2%   2%   8%  12%  13%  21%
//	delivered share  71%  69%  65%  61%  59%  49%
//
// Up to the bound the change stays within the interval of 300 attempts, which is six
// points to each side. Cells on a quiet machine were below 6%, but for one in a hundred.
const TakenBound = 0.08

// waitedShare is how long the threads of a cell have to wait for a CPU, as a share of the
// cell's time, before CPU time that others used was taken from the cell. Otherwise they
// used what the cell had no use for.
const waitedShare = 0.01

// TakenShare is the share of the CPU time of all CPUs, 0 to 1, that others took from a
// cell of so many seconds. Time that the hypervisor took counts in any case: the thread
// that loses it does not see itself waiting.
func (c *CPU) TakenShare(seconds float64) float64 {
	taken := c.StealShare
	if (c.WaitMs.Fleet+c.WaitMs.Server+c.WaitMs.Path)/1000 > waitedShare*seconds {
		taken += c.OthersShare
	}
	return taken
}
