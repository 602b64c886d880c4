// Package e2e tests the built binary as its users meet it: over HTTP, by
// signals, through its flags. Nothing here imports the program's parts but
// web/sse's Reader, which is a client.
//
// The binary is built once, with the race detector when the tests have it; each
// test starts its own on a free port of the loopback, with a data directory of
// its own. A race, a panic or an unexpected exit status fails the test that
// started the process.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the program under test.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	flag.Parse()
	dir, err := os.MkdirTemp("", "tickboard-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	defer endBrowser()
	binary = filepath.Join(dir, "tickboard")
	args := []string{"build", "-o", binary}
	if raceEnabled {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, "..")...)
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program under test: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
