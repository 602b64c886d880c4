package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/static"
)

// contentTypes are those of the files that are embedded.
var contentTypes = map[string]string{
	".css":         "text/css; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".webmanifest": "application/manifest+json",
}

// asset is a file as it is sent.
type asset struct {
	contentType string
	plain, gzip []byte // gzip is nil where it saves nothing
}

// assets are all embedded files, compressed once, under one path with the hash
// of them all: relative imports between modules stay within one version.
type assets struct {
	path  string // "/static/3f2a9c…"
	hash  string
	files map[string]asset
}

// embedded are the files of this program, which are the same for every server: to
// compress them takes a while.
var embedded = sync.OnceValue(newAssets)

// newAssets reads the embedded files. A broken embedding is our own fault and
// panics.
func newAssets() *assets {
	a := &assets{files: make(map[string]asset)}
	sum := sha256.New()
	err := fs.WalkDir(static.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(static.FS, name)
		if err != nil {
			return err
		}
		contentType, ok := contentTypes[path.Ext(name)]
		if !ok {
			return fmt.Errorf("no content type for %s", name)
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(data), data)
		a.files[name] = asset{contentType, data, compressed(data)}
		return nil
	})
	if err != nil {
		panic("web: embedded assets: " + err.Error())
	}
	a.hash = hex.EncodeToString(sum.Sum(nil))[:16]
	a.path = "/static/" + a.hash
	return a
}

// serve answers with a file. Under the hash of these files it never changes;
// under another one, which a page of another version of the program named, the
// file of this version is the best there is, and not to be kept.
func (a *assets) serve(c echo.Context) error {
	hash, name, _ := strings.Cut(strings.TrimPrefix(c.Request().URL.Path, "/static/"), "/")
	return a.send(c, name, hash == a.hash)
}

// favicon answers browsers that ask at the usual address.
func (s *Server) favicon(c echo.Context) error { return s.assets.send(c, "images/icon.svg", false) }

func (a *assets) send(c echo.Context, name string, immutable bool) error {
	file, ok := a.files[name]
	if !ok {
		return refuse(http.StatusNotFound, "There is no such file.")
	}
	h := c.Response().Header()
	h.Set("Content-Type", file.contentType)
	h.Add("Vary", "Accept-Encoding")
	if h.Set("Cache-Control", "no-cache"); immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body := file.plain
	if file.gzip != nil && strings.Contains(c.Request().Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = file.gzip
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	return c.Blob(http.StatusOK, file.contentType, body)
}

// compressed returns data as gzip, nil where that is no shorter.
func compressed(data []byte) []byte {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	// A bytes.Buffer takes everything.
	_, _ = w.Write(data)
	_ = w.Close()
	if buf.Len() >= len(data) {
		return nil
	}
	return buf.Bytes()
}
