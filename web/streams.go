package web

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/web/sse"
)

// events is the page's one stream: quotes and notifications.
func (s *Server) events(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	syms, err := s.symbolsParam(values)
	if err != nil {
		return err
	}
	caller, err := s.follower(c)
	if err != nil {
		return err
	}
	return s.open(c, streamKind{path: "/events/", notifications: true}, syms, caller)
}

// quoteStream carries the quotes of several symbols.
func (s *Server) quoteStream(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	syms, err := s.symbolsParam(values)
	if err != nil {
		return err
	}
	if len(syms) == 0 {
		return refuse(http.StatusBadRequest, "Name the symbols: /stream?symbols=AAPL,MSFT, or one: /stream/AAPL.")
	}
	return s.open(c, streamKind{path: "/stream/"}, syms, follower{})
}

// symbolStream carries the quotes of one symbol.
func (s *Server) symbolStream(c echo.Context) error {
	sym, err := pathSymbol(c, "/stream/")
	if err != nil {
		return err
	}
	return s.open(c, streamKind{path: "/stream/", single: true}, []quotes.Symbol{sym}, follower{})
}

// open answers with a stream of the symbols, or says why there is none.
func (s *Server) open(c echo.Context, kind streamKind, syms []quotes.Symbol, caller follower) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	rate, err := s.rateParam(values)
	if err != nil {
		return err
	}
	r, w := c.Request(), c.Response().Writer
	known, unknown := s.sort(syms)
	if !s.settled() && len(unknown) > 0 {
		return s.streams.Busy(w, "starting")
	}
	if len(syms) > 0 && len(known) == 0 {
		return refuse(http.StatusNotFound, "No feed here has %s. Search for it by the name of what it stands for; a script asks /api/v1/symbols?q=name.", join(syms))
	}
	after, given := sse.LastEventID(r)
	ctx := r.Context()
	err = s.streams.Open(w, r, rate, func(st *sse.Stream, d sse.Desk) (sse.Content, error) {
		return s.newContent(ctx, contentOptions{
			kind: kind, symbols: slices.Concat(known, unknown), known: known, unknown: unknown, rate: rate, after: after, resume: given, caller: caller,
		}, st, d.(*desk))
	})
	if (errors.Is(err, errLog) || errors.Is(err, errCaller)) && ctx.Err() == nil {
		s.Logger.Error("a stream was told to come back", "error", err)
		return s.streams.Busy(w, "unavailable") // a 500 would end a browser's stream for good
	}
	return err
}

// streamChange is what a client wants changed of its open stream.
type streamChange struct {
	Add     []string `json:"add"`
	Remove  []string `json:"remove"`
	MaxRate *float64 `json:"max_rate"`
}

// streamSymbols is what it then has.
type streamSymbols struct {
	Symbols []quotes.Symbol `json:"symbols"`
	Unknown []quotes.Symbol `json:"unknown"`
}

// errNoStream refuses to change a stream that is not there.
var errNoStream = refuse(http.StatusNotFound, "No such stream is open here. Open a new one with the whole list in its URL, and last_event_id.")

// changeSymbols changes the symbols and the rate of an open stream.
func (s *Server) changeSymbols(c echo.Context) error {
	var change streamChange
	if err := decodeJSON(c, &change); err != nil {
		return err
	}
	add, err := parseAll(change.Add)
	if err != nil {
		return err
	}
	remove, err := parseAll(change.Remove)
	if err != nil {
		return err
	}
	if change.MaxRate != nil {
		if err := checkRate(*change.MaxRate); err != nil {
			return err
		}
	}
	content := s.registry.find(c.Param("stream"))
	if content == nil || !strings.HasPrefix(c.Request().URL.Path, content.kind.path) {
		return errNoStream
	}
	now, err := content.change(add, remove)
	if err != nil {
		return err
	}
	if change.MaxRate != nil {
		content.stream.SetRate(*change.MaxRate)
	}
	return writeJSON(c, http.StatusOK, now)
}

func parseAll(texts []string) ([]quotes.Symbol, error) {
	syms := make([]quotes.Symbol, 0, len(texts))
	for _, text := range texts {
		sym, err := quotes.ParseSymbol(text)
		if err != nil {
			return nil, err
		}
		syms = append(syms, sym)
	}
	return syms, nil
}

// decodeJSON reads the one JSON object that the body is, in UTF-8 (RFC 8259,
// section 8.1): what is no UTF-8 would otherwise be stored as something else.
func decodeJSON(c echo.Context, into any) error {
	kind, _, _ := strings.Cut(c.Request().Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return refuse(http.StatusUnsupportedMediaType, "Send JSON, with Content-Type: application/json.")
	}
	body, err := io.ReadAll(c.Request().Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuse(http.StatusRequestEntityTooLarge, "The body is larger than %d bytes.", maxBody)
	}
	if err == nil {
		err = decodeObject(body, into)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "The body is not the JSON object that is expected here: %s.", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

func decodeObject(body []byte, into any) error {
	switch {
	case !utf8.Valid(body):
		return errors.New("it is not valid UTF-8")
	case !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")):
		return errors.New("it does not begin with {")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s has to be %s, and is a JSON %s", cmp.Or(wrong.Field, "it"), wanted(wrong.Type), wrong.Value)
	}
	if err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("there is more than one JSON value")
	}
	return nil
}

// wanted is what the JSON of a Go type is.
func wanted(t reflect.Type) string {
	switch kind := t.Kind(); {
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()), kind == reflect.String:
		return "a string"
	case kind == reflect.Bool:
		return "true or false"
	case kind == reflect.Slice || kind == reflect.Array:
		return "a list"
	case reflect.Int <= kind && kind <= reflect.Uint64:
		return "a whole number"
	case kind == reflect.Float32 || kind == reflect.Float64:
		return "a number"
	}
	return "an object"
}

// sort parts symbols into those that a feed has and the others. The known ones are
// the directory's own: who keeps the symbols of a request keeps its text in memory.
func (s *Server) sort(syms []quotes.Symbol) (known, unknown []quotes.Symbol) {
	known, unknown = make([]quotes.Symbol, 0, len(syms)), make([]quotes.Symbol, 0)
	for _, sym := range syms {
		if in, ok := s.Market.Directory().Lookup(sym); ok {
			known = append(known, in.Symbol)
		} else {
			unknown = append(unknown, sym)
		}
	}
	return known, unknown
}

// settled says that every feed has told what it has.
func (s *Server) settled() bool {
	select {
	case <-s.Market.Directory().Settled():
		return true
	default:
		return false
	}
}

func join(syms []quotes.Symbol) string {
	texts := make([]string, 0, len(syms))
	for _, sym := range syms {
		texts = append(texts, sym.String())
	}
	return strings.Join(texts, ", ")
}
