package catalogue

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/results/yamlfile"
)

func open(t *testing.T, dir string) Catalogue {
	t.Helper()
	all, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var somewhere = netip.MustParseAddrPort("198.51.100.7:8080")

// texts are all texts of a setup.
func texts(t Setup) []string {
	all := slices.Concat(t.Command, t.Environment)
	for _, text := range t.Files {
		all = append(all, text)
	}
	return all
}

// setups are those of a variant, with TLS and without.
func setups(s Server, v Variant) []Setup {
	all := []Setup{s.Setup(v)}
	if setup, ok := s.TLSSetup(v); ok {
		all = append(all, setup)
	}
	return all
}

func TestEveryVariantRendersWithoutAnUnfilledPlaceholder(t *testing.T) {
	all := open(t, "")
	if len(all) < 10 {
		t.Fatalf("%d servers", len(all))
	}
	for _, s := range all {
		if _, _, err := all.Lookup(s.Name); err != nil {
			t.Error(err)
		}
		for _, v := range s.Variants {
			_, found, err := all.Lookup(s.Name + ":" + v.Name)
			if err != nil || found.Name != v.Name {
				t.Errorf("%s:%s: %v", s.Name, v.Name, err)
			}
			for _, setup := range setups(s, v) {
				for _, text := range texts(setup.At("/private", somewhere, "/admitted")) {
					if left := placeholder.FindString(text); left != "" && left != selfPlaceholder {
						t.Errorf("%s:%s: %s is left in\n%s", s.Name, v.Name, left, text)
					}
				}
				if strings.HasPrefix(s.Command[0], "/etc") || slices.ContainsFunc(texts(setup), func(text string) bool { return strings.Contains(text, " /etc/") }) {
					t.Errorf("%s:%s reads the system's own configuration", s.Name, v.Name)
				}
			}
		}
	}
}

// The folder and the address occur wherever they must, and nothing else changes.
func TestTwoSetupsDifferOnlyInFolderAndAddress(t *testing.T) {
	all := open(t, "")
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(all).Draw(t, "server")
		v := rapid.SampledFrom(s.Variants).Draw(t, "variant")
		dir := "/" + rapid.StringMatching(`[a-z]{8,20}`).Draw(t, "folder")
		host := rapid.SampledFrom([]string{"203.0.113.77", "2001:db8::7777"}).Draw(t, "host")
		setup := rapid.SampledFrom(setups(s, v)).Draw(t, "setup")
		here := setup.At("/private", somewhere, "/admitted")
		// A number in a server's file may contain a port's digits, such as a limit of 1099511627776.
		own := strings.Join(texts(here), "\n")
		port := rapid.Uint16Range(20000, 65535).Filter(func(port uint16) bool { return !strings.Contains(own, fmt.Sprint(port)) }).Draw(t, "port")
		there := setup.At(dir, netip.AddrPortFrom(netip.MustParseAddr(host), port), "/admitted")
		back := strings.NewReplacer("["+host+"]", "198.51.100.7", host, "198.51.100.7", fmt.Sprint(port), "8080", dir, "/private")
		for name, text := range there.Files {
			if back.Replace(text) != here.Files[name] {
				t.Errorf("%s:%s: %s\n%s\nand\n%s", s.Name, v.Name, name, text, here.Files[name])
			}
		}
		for i, word := range there.Command {
			if back.Replace(word) != here.Command[i] {
				t.Errorf("%s:%s: %q and %q", s.Name, v.Name, word, here.Command[i])
			}
		}
	})
}

// good is a valid server file. Each case breaks one thing.
const good = `name: tiny
summary: a tiny server
packages: [tiny]
command: [tinyd, -c, "{dir}/tiny.conf"]
version: { command: [tinyd, -v], pattern: 'tinyd (\S+)' }
files:
  tiny.conf: |
    listen {host}:{port}
    {reject}
variants:
  - name: deny
    summary: denies
    set: { reject: deny 503 }
    source: tinyd(8)
  - name: drop
    summary: drops
    set: { reject: drop }
    source: tinyd(8)
`

func TestEveryErrorOfAServersFileNamesItsPlace(t *testing.T) {
	if _, err := parse("tiny.yaml", []byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown field":               {"summary: a tiny", "sumary: a tiny", `tiny.yaml:2:1: unknown field "sumary"`},
		"unknown field of variant":    {"    summary: drops", "    sumary: drops", `tiny.yaml:16:5: unknown field "sumary"`},
		"missing command":             {"command: [tinyd, -c, \"{dir}/tiny.conf\"]\n", "", "tiny.yaml:1:1: no command: "},
		"empty command":               {"[tinyd, -c, \"{dir}/tiny.conf\"]", "[]", "tiny.yaml:4:10: no command: "},
		"command of the wrong type":   {"[tinyd, -c, \"{dir}/tiny.conf\"]", "{ a: b }", "tiny.yaml:4:"},
		"duplicate variant":           {"name: drop", "name: deny", "tiny.yaml:15:11: duplicate variant deny"},
		"duplicate key":               {"packages: [tiny]", "name: tiny", "tiny.yaml:3:1: duplicate key name, first in line 1: leave one"},
		"unknown placeholder":         {"{host}:{port}", "{hots}:{port}", "tiny.yaml:8:12: unknown placeholder {hots}: there are {dir}, {host}, {port}, {admitted}, and the names in set"},
		"placeholder in command":      {"{dir}/tiny.conf", "{folder}/tiny.conf", "tiny.yaml:4:"},
		"variant without a value":     {"    set: { reject: drop }\n", "", "tiny.yaml:9:5: unknown placeholder {reject}: "},
		"placeholder in a value":      {"reject: drop", "reject: \"drop {deny}\"", "tiny.yaml:17:"},
		"value of no placeholder":     {"reject: drop }", "reject: drop, rejct: x }", `tiny.yaml:17:`},
		"value named as a place":      {"reject: drop }", "reject: drop, dir: x }", `tiny.yaml:17:`},
		"no variants":                 {good[strings.Index(good, "variants:"):], "", "tiny.yaml:1:1: no variants: "},
		"own program as argument":     {"[tinyd, -c", "[tinyd, \"{self}\"", "tiny.yaml:4:19: unknown placeholder {self}"},
		"no packages":                 {"packages: [tiny]\n", "", "tiny.yaml:1:1: packages: "},
		"TLS that says nothing":       {"variants:", "tls: { }\nvariants:", "tiny.yaml:10:6: tls: "},
		"TLS of no placeholder":       {"variants:", "tls: { set: { on: x } }\nvariants:", `tiny.yaml:10:15: set "on": neither command`},
		"TLS over a variant":          {"variants:", "tls: { set: { reject: x } }\nvariants:", `tiny.yaml:10:15: set "reject": variant deny also sets it`},
		"TLS with a placeholder":      {"variants:", "set: { on: x }\ntls: { set: { on: \"{reject}\" } }\nvariants:", "tiny.yaml:"},
		"directive without a value":   {"variants:", "directives:\n  - { name: wait, summary: waits, set: { reject: wait } }\nvariants:", "tiny.yaml:11:7: directive wait: write {value} in one of the values of set"},
		"directive twice":             {"variants:", "directives:\n  - { name: wait, summary: waits, set: { reject: \"{value}\" } }\n  - { name: wait, summary: waits, set: { reject: \"{value}\" } }\nvariants:", "tiny.yaml:12:13: duplicate directive wait"},
		"directive of no variant":     {"variants:", "directives:\n  - { name: wait, variant: dny, summary: waits, set: { reject: \"{value}\" } }\nvariants:", "tiny.yaml:11:28: directive wait: \"dny\" is not a variant"},
		"directive of no placeholder": {"variants:", "directives:\n  - { name: wait, summary: waits, set: { on: \"{value}\" } }\nvariants:", "tiny.yaml:11:"},
		"directive set by TLS":        {"variants:", "set: { on: x }\ntls: { set: { on: x } }\ndirectives:\n  - { name: wait, summary: waits, set: { on: \"{value}\" } }\nvariants:", "tiny.yaml:"},
		"nested for ever":             {"[tinyd, -c", strings.Repeat("[", 9) + "tinyd, -c", "tiny.yaml:4:18: nested deeper than a server can be"},
		"no such default":             {"packages: [tiny]", "packages: [tiny]\ndefault: dney", `tiny.yaml:4:10: default "dney" is not a variant`},
		"name with a space":           {"name: tiny", "name: ti ny", `tiny.yaml:1:7: name "ti ny"`},
		"variant with a colon":        {"name: drop", "name: a:b", "tiny.yaml:15:"},
		"variant without a source":    {"    set: { reject: drop }\n    source: tinyd(8)\n", "    set: { reject: drop }\n", "tiny.yaml:15:5: variant drop: say in source"},
		"file outside the folder":     {"  tiny.conf: |", "  ../tiny.conf: |", "tiny.yaml:7:3: file \"../tiny.conf\""},
		"pattern without a group":     {`tinyd (\S+)`, `tinyd \S+`, "tiny.yaml:5:43: pattern "},
		"no pattern":                  {`'tinyd (\S+)'`, `'tinyd (\S+'`, "tiny.yaml:5:43: pattern: error parsing regexp"},
		"anchor":                      {"name: tiny", "name: &a tiny", "tiny.yaml:1:7: anchors, aliases and tags"},
		"not YAML":                    {"packages: [tiny]", "packages: [tiny", "tiny.yaml:"},
		"nothing":                     {good, "", "tiny.yaml:1:1: not a server"},
		"a list":                      {good, "- a\n- b\n", "tiny.yaml:1:"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, c.old, c.new, 1)
			if text == good {
				t.Fatal("nothing is broken")
			}
			_, err := parse("tiny.yaml", []byte(text))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestAServerIsAddedByOneFileOfAtMost30Lines(t *testing.T) {
	if n := strings.Count(good, "\n"); n > 30 {
		t.Errorf("%d lines", n)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "no *.yaml files") {
		t.Errorf("an empty folder: %v", err)
	}
	write("tiny.yaml", good)
	all := open(t, dir)
	s, v, err := all.Lookup("tiny:drop")
	if err != nil || len(all) != len(open(t, ""))+1 {
		t.Fatalf("%d servers, %v", len(all), err)
	}
	setup := s.Setup(v).At("/private", somewhere, "/admitted")
	if want := "listen 198.51.100.7:8080\ndrop\n"; setup.Files["tiny.conf"] != want || setup.Command[2] != "/private/tiny.conf" {
		t.Errorf("%+v", setup)
	}
	for name, want := range map[string]string{"tiny:x": "there are deny, drop", "tny": "there are aiohttp, "} {
		if _, _, err := all.Lookup(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	write("again.yaml", good)
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "another server tiny") {
		t.Errorf("a name twice: %v", err)
	}
	write("again.yaml", strings.Replace(good, "name: tiny", "name: nginx", 1))
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "another server nginx") {
		t.Errorf("the name of a known server: %v", err)
	}
}

const secure = `name: tiny
summary: a tiny server
packages: [tiny]
command: [tinyd, -c, "{dir}/tiny.conf"]
version: { command: [tinyd, -v], pattern: 'tinyd (\S+)' }
files:
  tiny.conf: |
    listen {port}{tls}
    {reject}
set: { tls: "" }
tls: { set: { tls: " with {dir}/tls.pem" } }
variants:
  - { name: deny, summary: denies, source: tinyd(8), set: { reject: "deny 503; allow {admitted}" } }
  - { name: drop, summary: drops, source: tinyd(8), set: { reject: drop } }
`

func TestTLSValuesOverrideTheServersOwn(t *testing.T) {
	s, err := parse("tiny.yaml", []byte(secure))
	if err != nil {
		t.Fatal(err)
	}
	tls, ok := s.TLSSetup(s.Variants[0])
	if !ok {
		t.Fatal("it speaks no TLS")
	}
	dir := t.TempDir()
	if got, want := tls.At(dir, somewhere, "/admitted").Files["tiny.conf"], "listen 8080 with "+dir+"/tls.pem\ndeny 503; allow /admitted\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := s.Setup(s.Variants[0]).At(dir, somewhere, "/admitted").Files["tiny.conf"], "listen 8080\ndeny 503; allow /admitted\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if err := WriteTLS(dir, []byte("certificate\n"), []byte("key\n")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"tls.crt": "certificate\n", "tls.key": "key\n", "tls.pem": "certificate\nkey\n"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	plain, err := parse("tiny.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := plain.TLSSetup(plain.Variants[0]); ok {
		t.Error("a server without a tls block speaks TLS")
	}
}

func TestAVariantWithTheAdmittedPlaceholderAdmits(t *testing.T) {
	s, err := parse("tiny.yaml", []byte(secure))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Admits(s.Variants[0]) || s.Admits(s.Variants[1]) {
		t.Errorf("deny %v, drop %v", s.Admits(s.Variants[0]), s.Admits(s.Variants[1]))
	}
	all := open(t, "")
	if got, want := all.Which(func(s Server, v Variant) bool { return s.Admits(v) }), "aiohttp, apache, caddy, haproxy, lighttpd, nginx, node"; got != want {
		t.Errorf("%s admit, want %s", got, want)
	}
	if got, want := all.Which(func(s Server, _ Variant) bool { return s.TLS != nil }), "aiohttp, apache, caddy, go, gunicorn, h2o, haproxy, lighttpd, nginx, node, tomcat"; got != want {
		t.Errorf("%s speak TLS, want %s", got, want)
	}
}

func TestADirectivesValueIsSetInItsVariant(t *testing.T) {
	s, err := parse("tiny.yaml", []byte(good+"directives:\n  - { name: wait, variant: drop, summary: waits, set: { reject: \"drop after {value}\" } }\n"))
	if err != nil {
		t.Fatal(err)
	}
	found, v, err := Catalogue{s}.Lookup("tiny:wait=2s")
	if err != nil || v.Name != "wait=2s" || v.Summary != "waits: 2s" || v.Source == "" {
		t.Fatalf("%+v, %v", v, err)
	}
	if got, want := found.Setup(v).At("/private", somewhere, "/admitted").Files["tiny.conf"], "listen 198.51.100.7:8080\ndrop after 2s\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for word, want := range map[string]string{
		"tiny:wait=2s;": "write letters, digits", "tiny:wait=": "write letters, digits", "tiny:wait": "there are deny, drop, wait=VALUE", "tiny:wat=2s": "there are deny, drop, wait=VALUE",
	} {
		if _, _, err := (Catalogue{s}).Lookup(word); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", word, err)
		}
	}
}

// {self} is the running program, whatever its path.
func TestSelfIsTheProgramThatRuns(t *testing.T) {
	cmd, err := Command(t.Context(), []string{selfPlaceholder, "-test.list=^TestSelfIsTheProgramThatRuns$"})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != t.Name()+"\n" || cmd.Args[0] != selfName {
		t.Errorf("%q, %v, called %s", out, err, cmd.Args[0])
	}
}

func TestAMissingServerSaysHowToInstallIt(t *testing.T) {
	for _, text := range []string{
		good, // no such program
		strings.NewReplacer("[tinyd, -c", "[sh, -c", "[tinyd, -v]", "[sh, -c, exit 1]").Replace(good), // no version
		strings.Replace(strings.Replace(good, "[tinyd, -c", "[sh, -c", 1), "variants:", "requires: [/no/such/file]\nvariants:", 1),
	} {
		s, err := parse("tiny.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Installed(t.Context()); !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "apt-get install tiny") {
			t.Errorf("%v", err)
		}
	}
	s, err := parse("tiny.yaml", []byte(strings.NewReplacer("[tinyd, -c", "[sh, -c", "[tinyd, -v]", "[sh, -c, echo tinyd 1.2 >&2]").Replace(good)))
	if err != nil {
		t.Fatal(err)
	}
	if version, err := s.Installed(t.Context()); err != nil || version != "1.2" {
		t.Errorf("%q, %v", version, err)
	}
}

// Every file is a complete server or an error with a place.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	entries, err := builtin.ReadDir("servers")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		b, err := builtin.ReadFile("servers/" + e.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parse("fuzz.yaml", b)
		var at *yamlfile.Error
		switch {
		case err != nil:
			if !errors.As(err, &at) || at.Line < 1 || at.Column < 1 {
				t.Fatalf("without a place: %v", err)
			}
			return
		case s.Name == "" || len(s.Command) == 0 || len(s.Variants) == 0 || s.Default == "":
			t.Fatalf("not whole: %+v", s)
		}
		for _, v := range s.Variants {
			if _, found, err := (Catalogue{s}).Lookup(s.Name + ":" + v.Name); err != nil || found.Name != v.Name {
				t.Fatalf("%s:%s cannot be named: %v", s.Name, v.Name, err)
			}
		}
	})
}
