// Package junit writes verdicts as JUnit XML, which CI systems show as test results.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// Outcome is how a case ended.
type Outcome int

// The outcomes.
const (
	Passed  Outcome = iota
	Failed          // the verdict is negative
	Error           // there is no verdict, which is not a success
	Skipped         // the case does not apply, and that is allowed
)

// Case is one verdict.
type Case struct {
	Group   string // what kind of case it is, such as the name of a metric
	Name    string
	Outcome Outcome
	Message string // one line: why the outcome is not Passed
	Details string // lines of evidence; may be empty
}

// The elements of the format. There is no standard: these are the elements and
// attributes of the XML schema of Jenkins' xUnit plugin that all readers know.
type (
	suites struct {
		XMLName xml.Name `xml:"testsuites"`
		counts
		Suite suite `xml:"testsuite"`
	}
	suite struct {
		Name string `xml:"name,attr"`
		counts
		Cases []testCase `xml:"testcase"`
	}
	counts struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
	}
	testCase struct {
		Class   string  `xml:"classname,attr"`
		Name    string  `xml:"name,attr"`
		Failure *reason `xml:"failure"`
		Error   *reason `xml:"error"`
		Skipped *reason `xml:"skipped"`
		Output  string  `xml:"system-out,omitempty"`
	}
	reason struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// Write writes the cases as one test suite.
func Write(w io.Writer, name string, cases []Case) error {
	s := suite{Name: name, counts: counts{Tests: len(cases)}}
	for _, c := range cases {
		t := testCase{Class: name + "." + c.Group, Name: c.Name}
		why := &reason{c.Message, c.Details}
		switch c.Outcome {
		case Failed:
			s.Failures++
			t.Failure = why
		case Error:
			s.Errors++
			t.Error = why
		case Skipped:
			s.counts.Skipped++
			t.Skipped = why
		default:
			t.Output = strings.TrimSpace(c.Message + "\n" + c.Details)
		}
		s.Cases = append(s.Cases, t)
	}
	b, err := xml.MarshalIndent(suites{counts: s.counts, Suite: s}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode JUnit XML: %w", err)
	}
	if _, err := fmt.Fprintf(w, "%s%s\n", xml.Header, b); err != nil {
		return fmt.Errorf("write JUnit XML: %w", err)
	}
	return nil
}
