package web

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/profile"
)

// readSymbols reads the symbols of a file, each once. Plain text has them with
// spaces, commas, semicolons or line ends between them. CSV has them in the
// column that is headed symbol or ticker, or else in the first one; a single line
// without a heading is all symbols.
func readSymbols(body []byte, asCSV bool) ([]quotes.Symbol, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(body) {
		return nil, errors.New("the file is not valid UTF-8")
	}
	var symbols []quotes.Symbol
	add := func(line int, text string) error {
		sym, err := quotes.ParseSymbol(strings.TrimSpace(text))
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		symbols = append(symbols, sym)
		return nil
	}
	read := readWords
	if asCSV {
		read = readColumn
	}
	if err := read(body, add); err != nil {
		return nil, err
	}
	if len(symbols) == 0 {
		return nil, errors.New("the file has no symbols")
	}
	return profile.Edit{Add: symbols}.Apply(nil), nil
}

func readWords(body []byte, add func(line int, text string) error) error {
	line := 0
	for text := range strings.Lines(string(body)) {
		line++
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", ;\t\r\n", r) }) {
			if err := add(line, word); err != nil {
				return err
			}
		}
	}
	return nil
}

func readColumn(body []byte, add func(line int, text string) error) error {
	first, _, _ := strings.Cut(string(body), "\n")
	reader := csv.NewReader(bytes.NewReader(body))
	reader.FieldsPerRecord, reader.LazyQuotes, reader.TrimLeadingSpace = -1, true, true
	for _, comma := range ";\t" {
		if strings.ContainsRune(first, comma) && !strings.Contains(first, ",") {
			reader.Comma = comma
		}
	}
	var rows [][]string
	var lines []int
	for {
		row, err := reader.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("the file is no CSV: %w", err)
		}
		line, _ := reader.FieldPos(0)
		rows, lines = append(rows, row), append(lines, line)
	}
	if len(rows) == 0 {
		return nil
	}
	column := slices.IndexFunc(rows[0], func(cell string) bool {
		return slices.Contains([]string{"symbol", "ticker"}, strings.ToLower(strings.TrimSpace(cell)))
	})
	switch {
	case column >= 0:
		rows, lines = rows[1:], lines[1:]
	case len(rows) == 1:
		for _, cell := range rows[0] {
			if strings.TrimSpace(cell) == "" {
				continue
			}
			if err := add(lines[0], cell); err != nil {
				return err
			}
		}
		return nil
	default:
		column = 0
	}
	for i, row := range rows {
		if column >= len(row) || strings.TrimSpace(row[column]) == "" {
			continue
		}
		if err := add(lines[i], row[column]); err != nil {
			return err
		}
	}
	return nil
}

// tellFile answers with a list as a file.
func (s *Server) tellFile(c echo.Context, l profile.List, format string) error {
	var body bytes.Buffer
	kind := "text/plain; charset=utf-8"
	if format == "csv" {
		kind = "text/csv; charset=utf-8; header=present"
		w := csv.NewWriter(&body)
		rows := [][]string{{"symbol", "name"}}
		for _, sym := range l.Symbols {
			in, _ := s.Market.Directory().Lookup(sym)
			rows = append(rows, []string{sym.String(), harmless(in.Name)})
		}
		if err := w.WriteAll(rows); err != nil {
			return err
		}
	} else {
		for _, sym := range l.Symbols {
			fmt.Fprintln(&body, sym)
		}
	}
	h := c.Response().Header()
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": cmp.Or(fileName(l.Name), "list") + "." + format}))
	return c.Blob(http.StatusOK, kind, body.Bytes())
}

// harmless is a text that no spreadsheet takes for a formula.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// fileName is a list's name as that of a file, which has no folders.
func fileName(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, name), ". ")
}
