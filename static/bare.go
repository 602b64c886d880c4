package static

import (
	"bytes"
	"io/fs"
	"path"
	"strings"
)

// bareFS is a file system whose scripts have lost their comments and their
// indentation.
type bareFS struct{ fs.ReadFileFS }

// Open implements fs.FS.
func (f bareFS) Open(name string) (fs.File, error) {
	file, err := f.ReadFileFS.Open(name)
	if err != nil || path.Ext(name) != ".js" {
		return file, err
	}
	script, err := f.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return bareFile{file, bytes.NewReader(script)}, nil
}

// ReadFile implements fs.ReadFileFS.
func (f bareFS) ReadFile(name string) ([]byte, error) {
	data, err := f.ReadFileFS.ReadFile(name)
	if err != nil || path.Ext(name) != ".js" {
		return data, err
	}
	return Bare(data), nil
}

// bareFile is an open script.
type bareFile struct {
	fs.File
	content *bytes.Reader
}

func (f bareFile) Read(p []byte) (int, error) { return f.content.Read(p) }

// Stat implements fs.File with the size that is read.
func (f bareFile) Stat() (fs.FileInfo, error) {
	info, err := f.File.Stat()
	return bareInfo{info, f.content.Size()}, err
}

type bareInfo struct {
	fs.FileInfo
	size int64
}

func (i bareInfo) Size() int64 { return i.size }

// Bare returns a script without comments, indentation, empty lines and spaces
// beside signs. Line ends stay where JavaScript may end a statement; strings,
// templates and regular expressions stay as they are.
func Bare(script []byte) []byte {
	b := bare{in: script, out: make([]byte, 0, len(script))}
	for b.at < len(b.in) {
		b.step()
	}
	return bytes.TrimSpace(b.out)
}

// bare is the state of a walk over a script.
type bare struct {
	in, out []byte
	at      int
	// braces are open "{" of the code, with true for one that a template's "${"
	// opened.
	braces []bool
}

func (b *bare) step() {
	rest := b.in[b.at:]
	switch c := rest[0]; {
	case bytes.HasPrefix(rest, []byte("//")):
		b.skipTo("\n", 0)
	case bytes.HasPrefix(rest, []byte("/*")):
		b.skipTo("*/", 2)
	case c == '/' && b.beginsExpression():
		b.literal('/')
	case c == '\'' || c == '"':
		b.literal(c)
	case c == '`':
		b.keep()
		b.template()
	case c == '{':
		b.braces = append(b.braces, false)
		b.keep()
	case c == '}':
		b.closeBrace()
	case c == '\t' || c == ' ' || c == '\n':
		b.space(c)
	default:
		b.keep()
	}
}

// keep takes over one byte, if there is one.
func (b *bare) keep() {
	if b.at < len(b.in) {
		b.out = append(b.out, b.in[b.at])
		b.at++
	}
}

// skipTo leaves out all up to an end and that many bytes of the end itself.
func (b *bare) skipTo(end string, of int) {
	n := bytes.Index(b.in[b.at:], []byte(end))
	if n < 0 {
		b.at = len(b.in)
		return
	}
	b.at += n + of
}

// space keeps one line end or space of several, and none where the language
// needs none: at the begin of a line, and beside signs that mean the same when
// they touch what stands there.
func (b *bare) space(c byte) {
	b.at++
	if c == '\n' {
		b.out = bytes.TrimRight(b.out, " \t")
	}
	n := len(b.out)
	if n == 0 || b.out[n-1] == '\n' || c != '\n' && b.out[n-1] == ' ' {
		return
	}
	before, after := b.out[n-1], b.next()
	if c == '\n' && endsNothing(before, after) || c != '\n' && parts(before, after) {
		return
	}
	b.out = append(b.out, c)
}

// next is the sign that follows the white space here, 0 where it ends.
func (b *bare) next() byte {
	if rest := bytes.TrimLeft(b.in[b.at:], " \t\n"); len(rest) > 0 {
		return rest[0]
	}
	return 0
}

// endsNothing says that a line end between two signs ends no statement: the first
// asks for more, or the second goes on or ends it itself.
func endsNothing(before, after byte) bool {
	digit := before >= '0' && before <= '9'
	return strings.IndexByte("{([,;=:?&|", before) >= 0 || strings.IndexByte("})],;:?&|=", after) >= 0 || after == '.' && !digit
}

// parts says that two signs need no space between them: one of them is no letter,
// and they do not mean something else when they touch, as + + and < ! do.
func parts(before, after byte) bool {
	const always, alone = "{}()[],;:=>?&|*%", "+-<!"
	switch {
	case strings.IndexByte(always, before) >= 0 || strings.IndexByte(always, after) >= 0:
		return true
	case strings.IndexByte(alone, before) >= 0:
		return strings.IndexByte(alone+"/", after) < 0
	}
	return strings.IndexByte(alone, after) >= 0 && before != '/'
}

// literal keeps a string or a regular expression with its end.
func (b *bare) literal(end byte) {
	class := false
	for b.keep(); b.at < len(b.in); b.keep() {
		switch c := b.in[b.at]; {
		case c == '\\':
			b.keep()
		case end == '/' && c == '[':
			class = true
		case c == ']':
			class = false
		case c == end && !class:
			b.keep()
			return
		}
	}
}

// template keeps a template up to its end or to the code inside.
func (b *bare) template() {
	for b.at < len(b.in) {
		switch c := b.in[b.at]; {
		case c == '\\':
			b.keep()
		case c == '`':
			b.keep()
			return
		case c == '$' && b.at+1 < len(b.in) && b.in[b.at+1] == '{':
			b.keep()
			b.keep()
			b.braces = append(b.braces, true)
			return
		}
		b.keep()
	}
}

func (b *bare) closeBrace() {
	b.keep()
	if n := len(b.braces); n > 0 {
		inTemplate := b.braces[n-1]
		b.braces = b.braces[:n-1]
		if inTemplate {
			b.template()
		}
	}
}

// beginsExpression says that a slash here cannot divide, so that it begins a
// regular expression.
func (b *bare) beginsExpression() bool {
	before := bytes.TrimRight(b.out, " \n")
	return len(before) == 0 || bytes.HasSuffix(before, []byte("return")) || strings.IndexByte("(,=:[!&|?{};+>", before[len(before)-1]) >= 0
}
