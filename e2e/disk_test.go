package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// startOnSmallDisk runs the program with a disk of its own for its data, of a few
// megabytes, and returns where others see it. The test is skipped where the
// system lets nobody mount one.
func startOnSmallDisk(t *testing.T, args ...string) (s *server, disk string) {
	t.Helper()
	const mount = `mount -t tmpfs -o size=4m none "$1" && shift && exec "$@"`
	s = &server{t: t, DataDir: t.TempDir()}
	if out, err := exec.Command("unshare", "-rm", "sh", "-c", mount, "sh", s.DataDir, "true").CombinedOutput(); err != nil {
		t.Skipf("NOT TESTED ON A FULL DISK: %v: %s", err, out)
	}
	all := append([]string{"-rm", "sh", "-c", mount, "sh", s.DataDir, binary, "--addr", "127.0.0.1:0", "--admin-addr", "", "--data-dir", s.DataDir}, args...)
	s.process = spawnCommand(t, nil, "unshare", all...)
	s.URL = s.process.stdout.wait(t, s.process, served)[1]
	return s, filepath.Join(fmt.Sprintf("/proc/%d/root", s.process.pid()), s.DataDir)
}

// TestQuotesGoOnWhileTheDiskIsFull: notifications are refused with 507, none that
// was taken is lost, and with room again they are taken.
func TestQuotesGoOnWhileTheDiskIsFull(t *testing.T) {
	t.Parallel()
	s, disk := startOnSmallDisk(t, "--feed", "sim://?rate=5")
	text, err := os.ReadFile(filepath.Join(disk, "admin-token"))
	if err != nil {
		t.Fatal(err)
	}
	authorization := []string{"Authorization", "Bearer " + strings.TrimSpace(string(text))}
	st := s.open("/events?symbols=AAPL")
	st.hello()
	fill(t, filepath.Join(disk, "filler"))

	message := `{"message":"` + strings.Repeat("x", 1000) + `"}`
	taken, refused := 0, answer{}
	for refused.status == 0 && taken < 5000 {
		if a := s.post("/send", message, authorization...); a.status == http.StatusAccepted {
			taken++
		} else {
			refused = a
		}
	}
	if detail := refused.problem(t, http.StatusInsufficientStorage); !strings.Contains(detail, "Quotes go on.") {
		t.Errorf("%s", detail)
	}
	for range 5 {
		st.await("stock_quote")
	}
	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Fatal(err)
	}
	var n notification
	s.post("/send", `{"message":"room"}`, authorization...).want(t, http.StatusAccepted).decode(t, &n)
	if n.ID != int64(taken)+1 {
		t.Errorf("%d were taken, the next number is %d", taken, n.ID)
	}
	for id := int64(1); id <= n.ID; id++ {
		if got := st.notification(); got.ID != id {
			t.Fatalf("number %d, want %d", got.ID, id)
		}
	}
}

// fill writes a file until there is no room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{64 << 10, 4 << 10} {
		for block := make([]byte, size); err == nil; {
			_, err = f.Write(block)
		}
		if size > 4<<10 {
			err = nil
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
