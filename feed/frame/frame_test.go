package frame

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes"
)

// walk reads any text into what encoding/json makes of it with UseNumber.
func walk(r *Reader) any {
	switch r.peek() {
	case '{':
		object := map[string]any{}
		for r.Object(); r.Next(); {
			key := string(r.Key())
			object[key] = walk(r)
		}
		return object
	case '[':
		array := []any{}
		for r.Array(); r.More(); {
			array = append(array, walk(r))
		}
		return array
	case '"':
		return string(r.Text())
	}
	switch text := r.Text(); string(text) {
	case "":
		return nil
	case "true", "false":
		return string(text) == "true"
	default:
		return json.Number(text)
	}
}

func whole(text []byte) (any, error) {
	r := New(text)
	value := walk(&r)
	return value, r.End()
}

// FuzzReader holds that no text makes the Reader panic, and that it reads every
// text which is JSON as encoding/json does.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		`{"type":"ticker","price":"14.7775","sequence":333938798,"ok":true,"none":null}`,
		`{"channel":"ticker","data":[{"symbol":"BTC/USD","last":105899.40,"change":-250.00}]}`,
		` { "t" : 1 , "T" : [ 1 , [ ] , { } , "a\"\\" ] } `,
		`[{"a":"\u00e9\ud83d\ude00\n"},-1.5e-7,""]`, `null`, `[1,]`, `{"a":1,}`, `{"a" 1}`, `{,}`, `[`, `"\`, "\x00", `1 2`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<12 {
			return // the test's own recursion is what is deep
		}
		got, err := whole(text)
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatalf("%q: %v", text, err)
		}
		skip := New(text)
		skip.Skip()
		if !json.Valid(text) {
			return
		}
		if err != nil || skip.End() != nil {
			t.Fatalf("%q is JSON, yet: %v, %v", text, err, skip.End())
		}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		var want any
		if err := dec.Decode(&want); err != nil {
			return // deeper than encoding/json goes
		}
		if bytes.ContainsRune(text, '�') || bytes.Contains(text, []byte(`\`)) || !isUTF8(text) {
			return // it mends what is no text, and we leave that as it is
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q:\n%s", text, diff)
		}
	})
}

func isUTF8(text []byte) bool { return bytes.Equal(text, bytes.ToValidUTF8(text, []byte("?"))) }

func TestKeysThatDifferByCaseAreTwoFields(t *testing.T) {
	r := New([]byte(`{"T":"x","t":"2021-02-22T15:51:44.208+01:00"}`))
	var kind string
	var at time.Time
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "T":
			kind = string(r.Text())
		case "t":
			at = r.Time()
		}
	}
	if want := time.Date(2021, 2, 22, 14, 51, 44, 208e6, time.UTC); kind != "x" || at != want || r.End() != nil {
		t.Errorf("kind %q, time %v, %v", kind, at, r.End())
	}
}

func TestNumbersKeepTheirText(t *testing.T) {
	for _, text := range []string{"105944.20", "0.00001305", "9007199254740993", "-250.00", "0", "4.0e-2"} {
		for _, written := range []string{text, `"` + text + `"`} {
			r := New([]byte(written))
			got := r.Decimal()
			if want := quotes.MustDecimal(text); !got.Valid || got.Decimal.String() != want.String() || got.Decimal.Exponent() != want.Exponent() || r.End() != nil {
				t.Errorf("%s: %v, %v", written, got, r.End())
			}
		}
	}
}

func TestAFigureLosesOnlyTheDecimalsThatNoDecimalHolds(t *testing.T) {
	for text, want := range map[string]string{
		"34254813.50000000":              "34254813.50000000",
		"1234567890123.12345678":         "1234567890123.12345",
		"123456789012345678.12345678":    "123456789012345678",
		"0.123456789012345678901":        "0.123456789012345678",
		"-1234567890123.12345678":        "-1234567890123.12345",
		"0.0000000000000000000000000001": "0.000000000000000000",
	} {
		r := New([]byte(text))
		if got := quotes.FormatDecimal(r.Figure().Decimal); got != want || r.End() != nil {
			t.Errorf("%s: %s, %v", text, got, r.End())
		}
	}
	for _, text := range []string{"1234567890123456789", "1.0000000000000000000e9", "1..0000000000000000000000", "x.0000000000000000000000"} {
		r := New([]byte(`"` + text + `"`))
		if got := r.Figure(); r.Err() == nil {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestValuesOfAnotherTypeAreErrors(t *testing.T) {
	for text, read := range map[string]func(*Reader){
		`{}`: func(r *Reader) { r.Text() }, `[1]`: func(r *Reader) { r.Decimal() }, `"x"`: func(r *Reader) { r.Decimal() },
		`1`: func(r *Reader) { r.Object() }, `"a"`: func(r *Reader) { r.Array() }, `-1`: func(r *Reader) { r.Uint() },
		`1.5`: func(r *Reader) { r.Uint() }, `123456789012345678901`: func(r *Reader) { r.Uint() },
		`"yes"`: func(r *Reader) { r.Bool() }, `"today"`: func(r *Reader) { r.Time() },
		`"2021-02-22T15:51:44.20800000000000000000000000000000Z"`: func(r *Reader) { r.Time() },
	} {
		r := New([]byte(text))
		read(&r)
		if !errors.Is(r.Err(), ErrMalformed) || r.Next() || r.More() {
			t.Errorf("%s: %v", text, r.Err())
		}
	}
}

func TestNullIsNothing(t *testing.T) {
	r := New([]byte(`{"text":null,"price":null,"empty":"","id":null,"ok":null,"time":null,"list":null,"object":null,"last":1}`))
	turns := 0
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "text":
			if r.Text() != nil {
				t.Error("a text")
			}
		case "price", "empty":
			if r.Decimal().Valid {
				t.Error("a price")
			}
		case "id":
			if r.Uint() != 0 {
				t.Error("an id")
			}
		case "ok":
			if r.Bool() {
				t.Error("true")
			}
		case "time":
			if !r.Time().IsZero() {
				t.Error("a time")
			}
		case "list":
			for r.Array(); r.More(); {
				t.Error("an element")
			}
		case "object":
			for r.Object(); r.Next(); {
				t.Error("a field")
			}
		}
		turns++
	}
	if turns != 9 || r.End() != nil {
		t.Errorf("%d fields, %v", turns, r.End())
	}
}

func TestACopyWalksAValueLater(t *testing.T) {
	r := New([]byte(`{"data":[1,2,3],"kind":"sum"}`))
	var later Reader
	var kind string
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "data":
			later = r
		case "kind":
			kind = string(r.Text())
		}
	}
	sum := uint64(0)
	for later.Array(); later.More(); {
		sum += later.Uint()
	}
	if kind != "sum" || sum != 6 || r.End() != nil || later.Err() != nil {
		t.Errorf("%s %d, %v, %v", kind, sum, r.End(), later.Err())
	}
}

func TestDeepNestingCostsNoStack(t *testing.T) {
	r := New([]byte(strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20)))
	if r.Skip(); r.End() != nil {
		t.Error(r.End())
	}
}

func BenchmarkReader(b *testing.B) {
	message := []byte(`{"type":"match","trade_id":1568268,"maker_order_id":"cac01d6d-8009-4c33-8e0d-f7f853d7c1bc","taker_order_id":"3dec64e4-f6ad-4ca8-ad3f-e5b1a0eb0d06","side":"sell","size":"450","price":"0.791","product_id":"SKL-USD","sequence":201390075,"time":"2021-04-17T16:43:37.121358Z"}`)
	b.ReportAllocs()
	for b.Loop() {
		r := New(message)
		for r.Object(); r.Next(); {
			switch string(r.Key()) {
			case "size", "price":
				r.Decimal()
			case "trade_id":
				r.Uint()
			case "time":
				r.Time()
			case "type", "product_id":
				r.Text()
			}
		}
		if err := r.End(); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleReader() {
	r := New([]byte(`{"symbol":"BTC/USD","last":105899.40,"sizes":[1,2.50]}`))
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "last":
			fmt.Println(quotes.FormatDecimal(r.Decimal().Decimal))
		case "sizes":
			for r.Array(); r.More(); {
				fmt.Println(quotes.FormatDecimal(r.Decimal().Decimal))
			}
		}
	}
	fmt.Println(r.End())
	// Output:
	// 105899.40
	// 1
	// 2.50
	// <nil>
}
