package tune

import (
	"context"
	"errors"

	"github.com/rejectbench/rejectbench/analysis/tune"
)

// verify measures the program of a word in all corners. The verdict is undecided
// where that was not finished.
func (t *tuner) verify(ctx context.Context, word string, value int64) (*tune.Candidate, error) {
	of := func(int64) subject { return subject{word: word} }
	j, err := t.searchOf(of).Verify(ctx, value)
	if len(j.Corners) == 0 {
		return nil, err
	}
	c := t.candidate(j, of)
	return &c, err
}

// tuneServer measures a server's default, looks for a value of its directive if that
// misses the goal, and measures its other variants if no value helps.
func (t *tuner) tuneServer(ctx context.Context) (err error) {
	s := t.Server
	t.result.Server = s.Name
	t.result.Servers = []tune.Verification{{
		Server: s.Name, Version: s.Version, Setting: s.Directive.Name, Default: s.Directive.Default, Otherwise: s.Otherwise,
	}}
	v := &t.result.Servers[0]
	if v.AsIs, err = t.verify(ctx, s.Name, 0); err != nil {
		return err
	}
	if v.Advice() == tune.LeaveDefault && !s.Explicit {
		t.result.Advice = tune.LeaveDefault
		return nil
	}
	if s.Directive.Settable() {
		word := func(v int64) string { return s.Directive.Catalogue() + "=" + s.Directive.Value(v) }
		if err := t.search(ctx, func(v int64) subject { return subject{word: word(v)} }); err != nil {
			return err
		}
		if t.result.Chosen != nil {
			set := *t.result.Chosen
			set.Text = word(set.Value)
			v.Set, v.Directive = &set, s.Directive.Line(set.Value)
			return nil
		}
	}
	if v.Advice() == tune.LeaveDefault {
		t.result.Advice = tune.LeaveDefault
		return nil
	}
	t.result.Advice = tune.NothingHelps
	for _, word := range s.Variants {
		c, err := t.verify(ctx, word, 0)
		if c != nil {
			v.Others = append(v.Others, *c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// verifyOthers measures the installed servers with their defaults, and with what does
// the same as the chosen value. A server that fails is left out with a reason.
func (t *tuner) verifyOthers(ctx context.Context) error {
	chosen := t.result.Chosen.Value
	for _, s := range t.Others {
		v := tune.Verification{Server: s.Name, Version: s.Version, Setting: s.Directive.Name, Default: s.Directive.Default, Otherwise: s.Otherwise, NotVerified: s.Missing}
		v.Directive = s.Directive.Write(chosen)
		kept, ok := s.Directive.Keep(chosen)
		if !ok {
			v.NotVerified = "it keeps no such value"
		}
		var err error
		if v.NotVerified == "" {
			word := s.Directive.Catalogue() + "=" + s.Directive.Value(kept)
			if v.Set, err = t.verify(ctx, word, kept); err == nil {
				v.AsIs, err = t.verify(ctx, s.Name, 0)
			}
		}
		if err != nil {
			v.NotVerified = err.Error()
			if context.Cause(ctx) != nil {
				v.NotVerified = "the time was used up"
			}
		}
		t.result.Servers = append(t.result.Servers, v)
		if err != nil && context.Cause(ctx) != nil && !errors.Is(context.Cause(ctx), ErrBudget) {
			return err
		}
	}
	return nil
}
