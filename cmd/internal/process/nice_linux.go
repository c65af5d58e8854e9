package process

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// niceVariable names the environment variable that holds the nice value of the process
// that a user started, for the processes in the foreground.
const niceVariable = "REJECTBENCH_NICE"

// backgroundNice is how much nicer the background is. A process of the foreground that
// wakes runs before it, and it still gets a tenth of a CPU that others want.
const backgroundNice = 10

// lowestNice is the largest nice value.
const lowestNice = 19

// foregroundNice returns the nice value of the foreground.
func foregroundNice() int {
	if nice, err := strconv.Atoi(os.Getenv(niceVariable)); err == nil {
		return nice
	}
	return threadNice()
}

// threadNice returns the nice value of the calling thread.
func threadNice() int {
	n, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		return 0
	}
	return lowestNice + 1 - n // the system call returns 20 - nice
}

// StartInBackground calls start on a thread in the background, so that the processes
// that it starts are there until they call Foreground. Where this process may not
// return to the foreground, which takes CAP_SYS_NICE, it calls start as it is. The
// calling goroutine has to be locked to its thread.
func StartInBackground(start func() error) error {
	nice := threadNice()
	// Only who may become less nice may return.
	if unix.Setpriority(unix.PRIO_PROCESS, 0, nice-1) != nil {
		return start()
	}
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, min(nice+backgroundNice, lowestNice))
	defer func() { _ = unix.Setpriority(unix.PRIO_PROCESS, 0, nice) }()
	return start()
}

// Foreground gives all threads of this process the priority of the process that a user
// started.
func Foreground() { setNice(foregroundNice()) }

// Background lets all threads of this process give way to processes in the foreground.
func Background() { setNice(min(foregroundNice()+backgroundNice, lowestNice)) }

// setNice sets the nice value of all threads.
func setNice(nice int) {
	eachThread(func(id int) { _ = unix.Setpriority(unix.PRIO_PROCESS, id, nice) })
}

// eachThread calls f with the id of every thread of this process. What f sets, a thread
// hands on to those that it starts. One may do so before its turn, so eachThread looks
// again until it finds no new ones.
func eachThread(f func(id int)) {
	seen := map[int]bool{}
	for before := -1; len(seen) > before; {
		before = len(seen)
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return
		}
		for _, t := range threads {
			if id, err := strconv.Atoi(t.Name()); err == nil && !seen[id] {
				seen[id] = true
				f(id)
			}
		}
	}
}

// niceEnvironment is the environment that tells a child the nice value of the
// foreground.
func niceEnvironment() []string {
	return []string{niceVariable + "=" + strconv.Itoa(foregroundNice())}
}
