package views

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// testSite is what the samples are made for.
var testSite = Site{Assets: "/static/0123456789ab", PublicURL: "https://quotes.example", Data: "Simulated market data", Embeds: true}

func render(t *testing.T, c templ.Component) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := c.Render(t.Context(), &buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestSamplesLookAsTheirGoldenFiles(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range Samples(testSite) {
		name := s.Name + ".golden.html"
		seen[name] = true
		t.Run(s.Name, func(t *testing.T) {
			file := filepath.Join("testdata", name)
			// A line for each element, so that a difference can be read.
			got := bytes.ReplaceAll(render(t, s.Component), []byte("><"), []byte(">\n<"))
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v; go test ./views -update writes it", err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("differs from %s (-want +got); if that is meant: go test ./views -update\n%s", file, diff)
			}
		})
	}
	files, err := filepath.Glob("testdata/*.golden.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !seen[filepath.Base(f)] {
			t.Errorf("%s belongs to no sample", f)
		}
	}
}
