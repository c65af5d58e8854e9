package results

// Scenario is a public report of a lost answer, set up so that it can be measured.
type Scenario struct {
	Name     string `json:"name"`     // such as node-9085
	Title    string `json:"title"`    // the report in a line
	Source   string `json:"source"`   // URL of the report
	Date     string `json:"date"`     // date of the report: YYYY-MM-DD or its beginning
	Reported string `json:"reported"` // what was reported, with its parameters
	// Differs states how the parts differ from the report, because the software or the
	// system is not available; empty if they do not.
	Differs     string         `json:"differs,omitempty"`
	Fixed       string         `json:"fixed,omitempty"`        // version that is said to fix it; empty if none is
	FixedSource string         `json:"fixed_source,omitempty"` // where that is said; empty if nowhere
	Parts       []ScenarioPart `json:"parts"`
}

// ScenarioPart is one part of a scenario: one cell per round.
type ScenarioPart struct {
	Name    string `json:"name"`    // unique within the scenario
	Summary string `json:"summary"` // purpose of the part
	// Shows is the role of the part: a name in ScenarioRoles.
	Shows string `json:"shows"`
	// NotRun states why the run has no cell of the part; empty where it was to be run.
	NotRun string `json:"not_run,omitempty"`
}

// The roles of a scenario's parts.
const (
	// RoleReported is the reported case. It is reproduced if answers are lost.
	RoleReported = "reported"
	// RoleControl is a case in which answers arrive, by the report or by the mechanism.
	RoleControl = "control"
	// RoleFixed is the reported case with the fix. It is fixed if answers arrive.
	RoleFixed = "fixed"
)

// ScenarioRoles is the table of the roles of parts.
var ScenarioRoles = []Term{
	{RoleReported, "the reported case: answers are lost if it is reproduced"},
	{RoleControl, "a case that works by the report, or by the mechanism: answers arrive"},
	{RoleFixed, "the reported case with the fix: answers arrive if it works"},
}
