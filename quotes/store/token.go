package store

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrToken is what AdminToken wraps when the file holds no usable token.
var ErrToken = errors.New("no usable admin token")

// AdminToken returns the token in the directory's file admin-token and the
// file's path. If there is no such file it makes one, for its owner alone, with
// a random token, and says so.
func (d *Dir) AdminToken() (token, path string, created bool, err error) {
	path = filepath.Join(d.path, "admin-token")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		token, created = rand.Text(), true
		err = writeFile(path, []byte(token+"\n"))
	} else if err == nil {
		token, err = parseToken(text)
	}
	if err != nil {
		return "", path, false, fmt.Errorf("admin token %s: %w", path, err)
	}
	return token, path, created, nil
}

// parseToken takes one word that a header can carry.
func parseToken(text []byte) (string, error) {
	token := bytes.TrimSpace(text)
	if len(token) == 0 {
		return "", fmt.Errorf("%w: the file is empty; write a token into it, or remove it to have one made", ErrToken)
	}
	if bytes.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%w: it has spaces or characters beyond ASCII; write another, or remove the file to have one made", ErrToken)
	}
	return string(token), nil
}

// writeFile writes a file for its owner alone, which is there whole or not at
// all, after a power cut too.
func writeFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(path))
}
