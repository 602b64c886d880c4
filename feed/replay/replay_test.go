package replay

import (
	"bytes"
	"compress/gzip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

var schemes = feed.Schemes{"replay": Scheme(formats)}

// write makes a file of a header and rows in a new folder.
func write(t testing.TB, rows ...string) string {
	t.Helper()
	return writeFile(t, "session.csv", []byte(header+"\n"+strings.Join(rows, "\n")+"\n"))
}

func writeFile(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// zip compresses a text.
func zip(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// openPath opens the source of a file, as main does.
func openPath(t testing.TB, path, query string) feed.Spec {
	t.Helper()
	spec, err := schemes.Open((&url.URL{Scheme: "replay", Path: path, RawQuery: query}).String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

const btcTrade = "2024-08-09T00:00:00Z,BTCUSDT,trade,61685.99,0.5,,,,"

func TestPathIsAbsoluteOrRelative(t *testing.T) {
	path := write(t, btcTrade)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(filepath.Join(dir, "data", "a b"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"data/x.csv", "data/a b/x.csv"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(header+"\n"+btcTrade), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(dir, "data"))
	for _, raw := range []string{
		"replay://" + path, "replay:" + path, "replay://x.csv", "replay://./x.csv", "replay://../session.csv",
		"replay://../data/x.csv", "replay://./a%20b/x.csv", "replay://x.csv?speed=1.5&loop=0&from=1s&lenient=1",
	} {
		spec, err := schemes.Open(raw, nil)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if spec.Source.Name() != "replay" || spec.Timeliness != quotes.Replayed || spec.StaleAfter != time.Minute {
			t.Errorf("%s: source %q, %s, stale after %v", raw, spec.Source.Name(), spec.Timeliness, spec.StaleAfter)
		}
	}
}

func TestWrongURLIsRefusedWithWhatToWrite(t *testing.T) {
	t.Chdir(filepath.Dir(write(t, btcTrade)))
	for query, want := range map[string]string{
		"speed=0":            "write a number from 1 to 10000, or max",
		"speed=0.99":         "write a number from 1 to 10000, or max",
		"speed=10001":        "write a number from 1 to 10000, or max",
		"speed=10000.1":      "write a number from 1 to 10000, or max",
		"speed=":             "write a number from 1 to 10000, or max",
		"speed=Inf":          "write a number from 1 to 10000, or max",
		"speed=MAX":          "write a number from 1 to 10000, or max",
		"loop=true":          "write 0 or 1",
		"loop":               "write 0 or 1",
		"lenient=2":          "write 0 or 1",
		"from=":              "write a time like 2024-08-09T00:01:30Z, or a duration",
		"from=-1s":           "write a time like",
		"from=90":            "write a time like",
		"from=2024-08-09":    "write a time like",
		"sped=1":             `unknown parameter "sped"; there are speed, loop, from, lenient and format`,
		"Speed=1":            `unknown parameter "Speed"`,
		"loop=1&loop=0":      "loop is there 2 times; write it once",
		"speed=10;loop=1":    "write them like replay://",
		"speed=%zz":          "write them like replay://",
		"speed=1&&&unknown=": `unknown parameter "unknown"`,
	} {
		wantRefused(t, "replay://session.csv?"+query, want)
	}
	for raw, want := range map[string]string{
		"replay:session.csv":         "write replay://session.csv",
		"replay://":                  "it names no file; write replay://PATH",
		"replay://?speed=1":          "it names no file",
		"replay://me@session.csv":    "write them as %40 and %23",
		"replay://session.csv#part":  "write them as %40 and %23",
		"replay://missing.csv":       "no such file; write replay:///an/absolute/path.csv",
		"replay:///missing/file.csv": "no such file",
		"replay://.":                 "is not a regular file",
		"replay://session.csv/x":     "not a directory",
	} {
		wantRefused(t, raw, want)
	}
}

func TestFileThatIsNoSessionIsRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, content := range map[string]string{
		"empty":     "",
		"other":     "time,price\n1,2\n",
		"rows":      btcTrade + "\n",
		"bom":       "\ufeff" + header + "\n",
		"one-line":  strings.Repeat("x", 3*bufferSize),
		"zip-other": string(zip(t, "time,price\n")),
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, "replay://"+name, name+":1: the first line is ")
		wantRefused(t, "replay://"+name, "it has to be "+header)
	}
	for name, content := range map[string]string{
		"magic":   "\x1f\x8b",
		"cut":     string(zip(t, header+"\n")[:20]),
		"damaged": string(zip(t, header)[:10]) + "\xff\xff\xff\xff\xff\xff",
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, "replay://"+name, name+":1: the gzip data is damaged or cut off")
	}
}

func TestUnreadableFileIsRefused(t *testing.T) {
	path := write(t, btcTrade)
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Open(path); err == nil {
		_ = f.Close()
		t.Skip("this user may read every file")
	}
	wantRefused(t, "replay://"+path, "the file cannot be read")
}

func wantRefused(t *testing.T, raw, want string) {
	t.Helper()
	_, err := schemes.Open(raw, nil)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: error %v, want one with %q", raw, err, want)
	}
}
