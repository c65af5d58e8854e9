package results

// Scenario is a report of a lost answer, set up to be measured.
type Scenario struct {
	Name     string `json:"name"`     // such as node-9085
	Title    string `json:"title"`    // in a line
	Source   string `json:"source"`   // where it was reported, as a URL
	Date     string `json:"date"`     // of the report, YYYY-MM-DD or a part of it
	Reported string `json:"reported"` // what was reported, with its parameters
	// Differs says how the parts differ from what was reported, for want of the
	// software or the system; empty if they do not.
	Differs string `json:"differs,omitempty"`
	// Fixed is the version that is said to have mended it, and where that is said;
	// empty if none is.
	Fixed       string         `json:"fixed,omitempty"`
	FixedSource string         `json:"fixed_source,omitempty"`
	Parts       []ScenarioPart `json:"parts"`
}

// ScenarioPart is one of the cells of a scenario.
type ScenarioPart struct {
	Name    string `json:"name"`    // within the scenario
	Summary string `json:"summary"` // what it is there for
	// Shows is what the part is evidence of: a name of ScenarioRoles.
	Shows string `json:"shows"`
	// NotRun says why the run has no cell of it; empty where it was to be run.
	NotRun string `json:"not_run,omitempty"`
}

// The roles of a scenario's parts.
const (
	// RoleReported is the report's own case: it is reproduced if answers are lost.
	RoleReported = "reported"
	// RoleControl is the case in which the report, or the mechanism, has answers
	// arrive.
	RoleControl = "control"
	// RoleFixed is the report's case with what mended it; fixed if answers arrive.
	RoleFixed = "fixed"
)

// ScenarioRoles is the one table of what a part is evidence of.
var ScenarioRoles = []Term{
	{RoleReported, "the report's own case: answers are lost if it is reproduced"},
	{RoleControl, "what the report says has no trouble, or what its mechanism leaves whole: answers arrive"},
	{RoleFixed, "the report's case with what mended it since: answers arrive if it did"},
}
