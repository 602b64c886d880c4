package static

import (
	"os/exec"
	"testing"
)

// TestScripts runs the scripts' own tests.
func TestScripts(t *testing.T) {
	out, err := exec.Command(needNode(t), "--test", "jstest/").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
