package report

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/results"
)

// tab is a page of a report in a real browser, with what it should not have done.
type tab struct {
	context.Context
	t testing.TB

	mu       sync.Mutex
	problems []string
	requests []string
}

// oneBrowser is a browser that all tests of the package share, since starting one
// takes longer than most tests. Each test has a tab of its own.
type oneBrowser struct {
	start sync.Once
	ctx   context.Context // of the browser; nil where there is none
	end   context.CancelFunc
	err   error
}

var shared oneBrowser

func TestMain(m *testing.M) {
	code := m.Run()
	if err := shared.close(); err != nil {
		fmt.Fprintln(os.Stderr, "close the browser:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// open starts the browser at the first call. It returns no context where there is
// no browser to start.
func (b *oneBrowser) open() (context.Context, error) {
	b.start.Do(func() {
		var path string
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
			if found, err := exec.LookPath(name); err == nil {
				path = found
				break
			}
		}
		if path == "" {
			return
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("headless", "new"), chromedp.DisableGPU)
		if os.Geteuid() == 0 {
			options = append(options, chromedp.NoSandbox)
		}
		// No test's context: it ends before the browser may.
		ctx, endProcess := chromedp.NewExecAllocator(context.Background(), options...)
		b.ctx, _ = chromedp.NewContext(ctx)
		b.end = endProcess
		b.err = chromedp.Do(b.ctx)
	})
	return b.ctx, b.err
}

// close ends the browser in the way that removes its files: killed, it leaves a
// folder with its socket behind.
func (b *oneBrowser) close() error {
	if b.ctx == nil {
		return nil
	}
	defer b.end()
	ctx, end := context.WithTimeout(b.ctx, 20*time.Second)
	defer end()
	return chromedp.Cancel(ctx)
}

// openReport writes a run's page to a file and opens it in a tab. Without a browser
// the test is skipped; on CI that is a failure.
func openReport(t testing.TB, run *results.Run, ladders ...string) *tab {
	t.Helper()
	ctx, err := shared.open()
	switch {
	case err != nil:
		t.Fatal(err)
	case ctx == nil && os.Getenv("CI") == "true":
		t.Fatal("no Chromium on CI: install chromium")
	case ctx == nil:
		t.Skip("no Chromium in PATH: install chromium")
	}
	file := filepath.Join(t.TempDir(), results.ReportFile)
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(f, withLadders(contentOfStudy(analysis.NewStudy(run)), ladders)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	ctx, end := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(end)
	b := &tab{Context: ctx, t: t}
	b.run()
	_, errNetwork := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	_, errRuntime := chromedp.Call(ctx, runtime.Enable, cdp.Empty{})
	_, errFront := chromedp.Call(ctx, cdppage.BringToFront, cdp.Empty{}) // a hidden tab draws nothing and takes no clicks
	if err := errors.Join(chromedp.Listen(ctx, b.listen), errNetwork, errRuntime, errFront); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.EmulateViewport(1280, 900), chromedp.Navigate("file://"+file), b.drawn())
	return b
}

func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Text+" "+describe(e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			b.problems = append(b.problems, fmt.Sprintf("console %s: %s", e.Type, describe(e.Args[0])))
		}
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	}
}

// describe is what a value of the page says of itself.
func describe(v any) string {
	text, err := json.Marshal(v)
	return cmp.Or(string(text), fmt.Sprint(err))
}

// act is something done to the page.
type act = chromedp.Action[chromedp.Void]

func (b *tab) run(actions ...act) {
	b.t.Helper()
	if err := chromedp.Do(b, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// eval returns what an expression of the page is.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// drawn waits until the page has shown its rows and drawn the charts in sight with
// all their panels.
func (b *tab) drawn() act {
	return chromedp.Evaluate[chromedp.Void](`new Promise((done) => {
		const look = () => document.querySelector("[aria-busy]") ? setTimeout(look, 5) : done();
		requestAnimationFrame(() => setTimeout(() => setTimeout(look)));
	})`, chromedp.EvalAwaitPromise)
}

// switchTheme presses the switch between light and dark.
func switchTheme() act {
	return chromedp.Evaluate[chromedp.Void](`document.getElementById("theme").click()`)
}

// press clicks an element, wherever the charts that are drawn meanwhile push it.
func press(selector string) act {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector(%q).click()`, selector))
}

// sight scrolls to a chart and waits for it.
func (b *tab) sight(chart string) act {
	return chromedp.Steps(chromedp.ScrollIntoView("#"+chart), chromedp.WaitVisible("#"+chart+" .plot svg"))
}

// sound fails where the page did what it should not have.
func (b *tab) sound() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		b.t.Errorf("the browser complains: %s", p)
	}
	for _, url := range b.requests {
		if !strings.HasPrefix(url, "file:") && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") {
			b.t.Errorf("the page asks for %s", url)
		}
	}
	if len(b.requests) == 0 {
		b.t.Error("not even the page itself was seen to be asked for")
	}
}
