//go:build !race

package e2e

// raceEnabled says that this test binary, and so the program under test, has
// the race detector.
const raceEnabled = false
