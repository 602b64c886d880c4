package feed

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tickboard/tickboard/quotes"
)

// maxNameLen bounds a name, in bytes.
const maxNameLen = 300

// ReadInstruments reads a list of instruments, as an operator gives one to add
// names to those of the sources. There are two formats, told apart by the first
// line:
//
//   - CSV (RFC 4180) with a header: symbol,name and in any order, as far as
//     wanted, exchange (ISO 10383), currency, type (stock, etf or crypto) and
//     decimals. What is empty is not known.
//   - the Symbol Directory of Nasdaq Trader, nasdaqlisted.txt, otherlisted.txt or
//     nasdaqtraded.txt: columns parted by "|", and a last line with the time of
//     the file, without which it is cut off. Test issues and symbols that cannot
//     be written here (preferred shares, with a "$") are passed over.
//     https://www.nasdaqtrader.com/trader.aspx?id=symboldirdefs
//
// An error names the line.
func ReadInstruments(r io.Reader) ([]quotes.Instrument, error) {
	buffered := bufio.NewReader(r)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = buffered.Discard(3) // it was peeked
	}
	first, err := buffered.Peek(buffered.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if line, _, _ := strings.Cut(string(first), "\n"); strings.Contains(line, "|") {
		return readDirectory(buffered)
	}
	return readCSV(buffered)
}

// ReadInstrumentsFile reads a file as ReadInstruments does; none without a path.
// An error names the file.
func ReadInstrumentsFile(path string) ([]quotes.Instrument, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read from
	list, err := ReadInstruments(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return list, nil
}

// roll is a list of instruments that grows, each symbol once.
type roll struct {
	list []quotes.Instrument
	line map[quotes.Symbol]int
}

func (r *roll) add(in quotes.Instrument, line int) error {
	if before, known := r.line[in.Symbol]; known {
		return fmt.Errorf("line %d: %s is on line %d already", line, in.Symbol, before)
	}
	if r.line == nil {
		r.line = make(map[quotes.Symbol]int)
	}
	r.line[in.Symbol] = line
	r.list = append(r.list, in)
	return nil
}

// The columns of a CSV file.
var csvColumns = []string{"symbol", "name", "exchange", "currency", "type", "decimals"}

func readCSV(r io.Reader) ([]quotes.Instrument, error) {
	lines := csv.NewReader(r)
	lines.TrimLeadingSpace = true
	header, err := lines.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line 1: the file is empty; begin it with the header symbol,name")
	}
	if err != nil {
		return nil, csvError(err)
	}
	columns := make(map[string]int)
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := columns[name]; twice || !slices.Contains(csvColumns, name) {
			return nil, fmt.Errorf("line 1: the header has %q; there are the columns %s, each once", name, strings.Join(csvColumns, ", "))
		}
		columns[name] = i
	}
	for _, name := range []string{"symbol", "name"} {
		if _, ok := columns[name]; !ok {
			return nil, fmt.Errorf("line 1: the header has no column %s; begin the file with symbol,name", name)
		}
	}
	var list roll
	for {
		cells, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return list.list, nil
		}
		if err != nil {
			return nil, csvError(err)
		}
		line, _ := lines.FieldPos(0)
		in, err := csvInstrument(func(name string) string {
			if i, ok := columns[name]; ok {
				return strings.TrimSpace(cells[i])
			}
			return ""
		})
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if err := list.add(in, line); err != nil {
			return nil, err
		}
	}
}

// csvError is an error of the CSV library in the words of the others.
func csvError(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("line %d: %w", e.Line, e.Err)
	}
	return err
}

func csvInstrument(cell func(string) string) (in quotes.Instrument, err error) {
	if in.Symbol, err = quotes.ParseSymbol(cell("symbol")); err != nil {
		return in, err
	}
	if in.Name = cell("name"); in.Name != "" {
		if err := checkName(in.Name); err != nil {
			return in, err
		}
	}
	in.Exchange, in.Currency = strings.ToUpper(cell("exchange")), strings.ToUpper(cell("currency"))
	in.Type = quotes.InstrumentType(strings.ToLower(cell("type")))
	in.TimeZone = timeZones[in.Exchange]
	switch {
	case in.Exchange != "" && (len(in.Exchange) != 4 || !plainCode(in.Exchange)):
		return in, fmt.Errorf("exchange %q: write a market identifier code of four letters, as XNAS", in.Exchange)
	case len(in.Currency) > 12 || !plainCode(in.Currency):
		return in, fmt.Errorf("currency %q: write a code such as USD", in.Currency)
	}
	switch in.Type {
	case "", quotes.Stock, quotes.ETF, quotes.Crypto:
	default:
		return in, fmt.Errorf("type %q: write stock, etf or crypto", in.Type)
	}
	if text := cell("decimals"); text != "" {
		n, err := strconv.ParseUint(text, 10, 8)
		if err != nil || n > quotes.MaxDigits {
			return in, fmt.Errorf("decimals %q: write a whole number from 0 to %d", text, quotes.MaxDigits)
		}
		in.Decimals = int(n)
	}
	return in, nil
}

// plainCode says that a text has letters and digits alone.
func plainCode(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
}

// checkName refuses what no page should show.
func checkName(name string) error {
	switch {
	case len(name) > maxNameLen:
		return fmt.Errorf("the name is longer than %d bytes", maxNameLen)
	case !utf8.ValidString(name):
		return errors.New("the name is not UTF-8; save the file as such")
	case strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("the name has a control character")
	}
	return nil
}

// timeZones are those of the exchanges that have a calendar.
var timeZones = map[string]string{
	"XNYS": "America/New_York", "XNAS": "America/New_York", "ARCX": "America/New_York",
	"BATS": "America/New_York", "XASE": "America/New_York", "BVMF": "America/Sao_Paulo",
}

// listingExchanges are the letters of the Symbol Directory; what it does not say
// is Nasdaq's.
var listingExchanges = map[string]string{
	"": "XNAS", "Q": "XNAS", "N": "XNYS", "A": "XASE", "P": "ARCX", "Z": "BATS", "V": "IEXG",
}

// footer begins the last line of a file of the Symbol Directory.
const footer = "File Creation Time"

func readDirectory(r io.Reader) ([]quotes.Instrument, error) {
	lines := bufio.NewScanner(r)
	var columns map[string]int
	var list roll
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimRight(lines.Text(), "\r")
		cells := strings.Split(text, "|")
		switch {
		case columns == nil:
			columns = make(map[string]int)
			for i, name := range cells {
				columns[strings.TrimSpace(name)] = i
			}
			if _, ok := columns["Security Name"]; !ok {
				return nil, fmt.Errorf("line 1: this is no file of the Nasdaq Trader Symbol Directory: there is no column Security Name")
			}
			continue
		case strings.HasPrefix(text, footer):
			return list.list, nil
		case len(cells) != len(columns):
			return nil, fmt.Errorf("line %d: %d columns, the header has %d", n, len(cells), len(columns))
		}
		in, skip, err := directoryInstrument(func(name string) string {
			if i, ok := columns[name]; ok {
				return strings.TrimSpace(cells[i])
			}
			return ""
		})
		if err == nil && !skip {
			err = list.add(in, n)
		} else if err != nil {
			err = fmt.Errorf("line %d: %w", n, err)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("the file is cut off: its last line does not begin with %q; fetch it again", footer)
}

func directoryInstrument(cell func(string) string) (in quotes.Instrument, skip bool, err error) {
	in.Symbol, err = quotes.ParseSymbol(cmp.Or(cell("ACT Symbol"), cell("Symbol")))
	if err != nil || cell("Test Issue") == "Y" {
		return in, true, nil //nolint:nilerr // a symbol that is none of ours
	}
	in.Name = strings.TrimSuffix(strings.TrimSuffix(cell("Security Name"), " Common Stock"), " -")
	if err := checkName(in.Name); err != nil {
		return in, false, err
	}
	letter := cmp.Or(cell("Listing Exchange"), cell("Exchange"))
	exchange, ok := listingExchanges[letter]
	if !ok {
		return in, false, fmt.Errorf("exchange %q is none of the Symbol Directory's", letter)
	}
	in.Exchange, in.TimeZone, in.Currency, in.Type, in.Decimals = exchange, timeZones[exchange], "USD", quotes.Stock, 2
	if cell("ETF") == "Y" {
		in.Type = quotes.ETF
	}
	return in, false, nil
}
