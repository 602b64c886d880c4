package alpaca

import (
	"strings"
	"testing"
)

// table is the one of Alpaca's FAQ as its page has it, by hand and not by the code:
// codes, then whether they update last, the day's high and low, and the volume,
// and whether a trade of them belongs to the regular session. A tape before the
// colon limits the row to it.
const table = `
 @ADEFKLOSXY56  yes yes yes regular
C:B             yes yes yes regular
A:B             no  no  yes regular
B:B             no  no  yes regular
CNRHIV7W        no  no  yes regular
GPZ4            no  yes yes regular
MQ              no  no  no  regular
T               yes no  yes extended
U               no  no  yes extended
9               yes yes no  regular
`

// rows reads the table into what each code on each tape allows.
func rows(t *testing.T) map[string]marks {
	m := make(map[string]marks)
	for line := range strings.Lines(strings.Trim(table, "\n")) {
		cells := strings.Fields(line[16:])
		codes := strings.TrimRight(line[:16], " ")
		if len(cells) != 4 {
			t.Fatalf("row %q", line)
		}
		tapes := "ABCO"
		if tape, rest, ok := strings.Cut(codes, ":"); ok {
			tapes, codes = tape, rest
		}
		for _, tape := range []byte(tapes) {
			for _, code := range []byte(codes) {
				m[string([]byte{tape, code})] = marks{cells[0] == "yes", cells[1] == "yes", cells[2] == "yes", cells[3] == "regular"}
			}
		}
	}
	return m
}

func TestEveryConditionOnEveryTape(t *testing.T) {
	rows := rows(t)
	if len(rows) < 4*30 {
		t.Fatalf("the table has only %d rows", len(rows))
	}
	for _, tape := range []byte("ABCO") {
		for code := range 256 {
			want, ok := rows[string([]byte{tape, byte(code)})]
			if !ok { // also B on tape O, which the table does not have
				want = marks{volume: true, regular: true}
			}
			if got := allowed(tape, []byte{byte(code)}); got != want {
				t.Errorf("condition %q on tape %c: %+v, want %+v", rune(code), tape, got, want)
			}
		}
	}
}

// TestTheStrictestConditionWins tries every pair and triple of known codes.
func TestTheStrictestConditionWins(t *testing.T) {
	rows := rows(t)
	for key1, m1 := range rows {
		for key2, m2 := range rows {
			if key1[0] != key2[0] {
				continue
			}
			want := marks{m1.last && m2.last, m1.ranges && m2.ranges, m1.volume && m2.volume, m1.regular && m2.regular}
			for _, codes := range []string{key1[1:] + key2[1:], "@" + key1[1:] + key2[1:]} {
				if got := allowed(key1[0], []byte(codes)); got != want {
					t.Fatalf("conditions %q on tape %c: %+v, want %+v", codes, key1[0], got, want)
				}
			}
		}
	}
}

func TestATradeWithoutConditionsIsARegularSale(t *testing.T) {
	if got := allowed('A', nil); got != (marks{true, true, true, true}) {
		t.Errorf("%+v", got)
	}
}

// TestPrintsOfARealDay are trades as the tapes tell them.
func TestPrintsOfARealDay(t *testing.T) {
	for name, c := range map[string]struct {
		codes string
		want  marks
	}{
		"odd lot":                         {"@I", marks{volume: true, regular: true}},
		"intermarket sweep":               {"@F", everything},
		"odd lot before the open":         {"@FTI", marks{volume: true}},
		"before the open":                 {"@T", marks{last: true, volume: true}},
		"opening cross":                   {"@OX", everything},
		"closing print":                   {"@6X", everything},
		"official close, with the cross":  {"@M", marks{regular: true}},
		"late report of the evening":      {"@U", marks{volume: true}},
		"derivatively priced, odd lot":    {"@4I", marks{volume: true, regular: true}},
		"qualified contingent after four": {" 7V", marks{volume: true, regular: true}},
		"corrected close":                 {"@9", marks{last: true, ranges: true, regular: true}},
	} {
		if got := allowed('C', []byte(c.codes)); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestStatusCodes(t *testing.T) {
	for code, want := range map[string]string{
		"2": "halted", "H": "halted", "P": "halted", "Q": "halted", "3": "trades", "T": "trades",
		"5": "", "6": "", "7": "", "8": "", "9": "", "A": "", "C": "", "D": "", "E": "", "F": "", "": "", "HH": "",
	} {
		if got := word(halts([]byte(code))); got != want {
			t.Errorf("status %q is %q, want %q", code, got, want)
		}
	}
	for indicator, want := range map[string]string{"A": "", "B": "", "C": "", "D": "halted", "E": "trades", "F": "", "": ""} {
		if got := word(suspended([]byte(indicator))); got != want {
			t.Errorf("indicator %q is %q, want %q", indicator, got, want)
		}
	}
}

func word(halted, known bool) string {
	switch {
	case !known:
		return ""
	case halted:
		return "halted"
	}
	return "trades"
}
