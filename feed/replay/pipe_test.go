//go:build unix

package replay

import (
	"syscall"
	"testing"
)

func TestPipeIsRefusedWithoutWaitingForIt(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	wantRefused(t, "replay://pipe", "pipe is not a regular file")
}
