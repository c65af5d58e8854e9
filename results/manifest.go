package results

import "time"

// Manifest says what a run was: the instrument, the machine, and every option.
type Manifest struct {
	Schema   int       `json:"schema"`
	Name     string    `json:"name"`
	Tool     string    `json:"tool"` // version of rejectbench
	Go       string    `json:"go"`
	System   string    `json:"system"` // GOOS/GOARCH
	Kernel   string    `json:"kernel"` // release
	CPU      string    `json:"cpu"`    // model
	Cores    int       `json:"cores"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"` // zero while the run goes on, and in one that was killed

	// TCP holds the TCP settings in force in the run's namespaces, by sysctl
	// name (tcp_congestion_control, tcp_rmem, tcp_wmem and others).
	TCP map[string]string `json:"tcp"`
	// PathKind is the path that was used: delayline, netem or loopback.
	PathKind string `json:"path_kind"`

	Seed    int64             `json:"seed"`
	Options map[string]string `json:"options"` // every flag with the value in force
	// Planned is cells times rounds, twins among them; with a precision to reach,
	// the most that the rounds allow.
	Planned int `json:"planned"`
	// Sources are the runs that this one was merged from; none for a run that was
	// measured.
	Sources []Source `json:"sources,omitempty"`
	// Interrupted is set when the run was ended before its plan was done.
	Interrupted bool `json:"interrupted"`
	// OutOfBudget is set when the run ended before its plan was done because the
	// time it was given was used up.
	OutOfBudget bool `json:"out_of_budget,omitempty"`

	Strategies []Term `json:"strategies"` // the strategies this version knows, in order
	Clients    []Term `json:"clients"`    // the client behaviours this version knows, in order

	// ClientVersions are the versions of the run's library clients, by their own
	// account; none in a run of the client behaviours alone.
	ClientVersions map[string]string `json:"client_versions,omitempty"`

	// Servers are the versions of the other servers that stood in for a strategy,
	// by their names without a variant; none in a run of the reference server, or of
	// programs that only their user knows.
	Servers map[string]string `json:"servers,omitempty"`

	// Scenarios are those that the run's cells belong to; none in a run of a grid.
	Scenarios []Scenario `json:"scenarios,omitempty"`
}

// Source is what a merged run keeps of one of the runs in it.
type Source struct {
	Name    string            `json:"name"`
	Kernel  string            `json:"kernel"`
	CPU     string            `json:"cpu"`
	Cores   int               `json:"cores"`
	Started time.Time         `json:"started"`
	Options map[string]string `json:"options"`
	TCP     map[string]string `json:"tcp"`
}

// Term is one word of a vocabulary, carried with a run so that its report
// explains itself.
type Term struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
}
