package results

import "time"

// Manifest describes a run: the instrument, the machine and every option.
type Manifest struct {
	Schema   int       `json:"schema"`   // version of the record format, see Schema
	Name     string    `json:"name"`     // name of the run
	Tool     string    `json:"tool"`     // version of rejectbench
	Go       string    `json:"go"`       // version of Go
	System   string    `json:"system"`   // GOOS/GOARCH
	Kernel   string    `json:"kernel"`   // release of the kernel
	CPU      string    `json:"cpu"`      // model of the CPU
	Cores    int       `json:"cores"`    // number of logical CPUs
	Started  time.Time `json:"started"`  // when the run began
	Finished time.Time `json:"finished"` // when the run ended; zero while it goes on, and for a run that was killed

	// TCP holds the TCP settings in force in the run's namespaces, by sysctl
	// name (tcp_congestion_control, tcp_rmem, tcp_wmem and others).
	TCP map[string]string `json:"tcp"`
	// PathKind is the kind of path: delayline, netem or loopback.
	PathKind string `json:"path_kind"`

	Seed    int64             `json:"seed"`    // seed of the order of cells and of the packets that the path drops
	Options map[string]string `json:"options"` // every flag with the value in force; the measuring command may add names, such as grid
	// Planned is the number of cells over all rounds, twins included; for a run that
	// measures to a precision or for a gate, the most that its rounds allow.
	Planned int `json:"planned"`
	// Sources are the runs that this run was merged from; empty for a measured run.
	Sources []Source `json:"sources,omitempty"`
	// Interrupted is true when the run was ended before its plan was complete.
	Interrupted bool `json:"interrupted"`
	// OutOfBudget is true when the run ended before its plan was complete because its
	// time budget was used up.
	OutOfBudget bool `json:"out_of_budget,omitempty"`

	Strategies []Term `json:"strategies"` // strategies that this version knows, in order
	Clients    []Term `json:"clients"`    // client behaviours that this version knows, in order

	// ClientVersions are the versions that the library clients of the run report, by
	// name; empty for a run of client behaviours alone.
	ClientVersions map[string]string `json:"client_versions,omitempty"`

	// Servers are the versions of the servers that replaced the reference server, by
	// name without variant; empty for a run of the reference server, and for servers
	// given as a command.
	Servers map[string]string `json:"servers,omitempty"`

	// Scenarios are those that the cells of the run belong to; empty for a grid.
	Scenarios []Scenario `json:"scenarios,omitempty"`
}

// Source is the part of a manifest that a merged run keeps of each of its runs.
type Source struct {
	Name    string            `json:"name"`
	Kernel  string            `json:"kernel"`
	CPU     string            `json:"cpu"`
	Cores   int               `json:"cores"`
	Started time.Time         `json:"started"`
	Options map[string]string `json:"options"`
	TCP     map[string]string `json:"tcp"`
}

// Term is one word of a vocabulary. A run carries its vocabularies, so that its
// report explains them.
type Term struct {
	Name    string `json:"name"`
	Summary string `json:"summary"` // its meaning, in a line
}
