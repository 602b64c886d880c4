package web

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/profile"
)

// ownList is a list as its owner sees it.
type ownList struct {
	ID      profile.ListID  `json:"id"`
	Name    string          `json:"name"`
	Symbols []quotes.Symbol `json:"symbols"`
	Version int64           `json:"version"`
	Shared  string          `json:"shared,omitempty"` // the public link
}

func (s *Server) ownList(l profile.List) ownList {
	own := ownList{ID: l.ID, Name: l.Name, Symbols: l.Symbols, Version: l.Version}
	if own.Symbols == nil {
		own.Symbols = []quotes.Symbol{}
	}
	if l.Share != "" {
		own.Shared = s.site().PublicURL + "/l/" + l.Share
	}
	return own
}

// lists answers with the caller's lists; nobody has none.
func (s *Server) lists(c echo.Context) error {
	if err := noParameters(c); err != nil {
		return err
	}
	found, err := s.identify(c)
	if err != nil {
		return err
	}
	s.personal(c)
	return s.tellLists(c, found.ID)
}

func (s *Server) tellLists(c echo.Context, id profile.ID) error {
	answer := struct {
		Lists   []ownList `json:"lists"`
		Version int64     `json:"version"`
	}{Lists: []ownList{}}
	if id != 0 {
		lists, version, err := s.Profiles.Lists(c.Request().Context(), id)
		if err != nil {
			return personProblem(err)
		}
		for _, l := range lists {
			answer.Lists = append(answer.Lists, s.ownList(l))
		}
		answer.Version = version
	}
	return s.renderJSON(c, answer)
}

// addList stores a new list: JSON, or CSV or plain text with symbols.
func (s *Server) addList(c echo.Context) error {
	l, err := s.newList(c)
	if err != nil {
		return err
	}
	id, err := s.mustCaller(c)
	if err != nil {
		return err
	}
	l.Created = time.Now().UTC()
	added, err := s.Profiles.AddList(c.Request().Context(), id, l)
	if err != nil {
		return personProblem(err)
	}
	s.profileChanged(id)
	c.Response().Header().Set("Location", listPath(added.ID))
	return s.tellList(c, http.StatusCreated, added)
}

func listPath(id profile.ListID) string {
	return "/api/v1/lists/" + strconv.FormatInt(int64(id), 10)
}

// newList reads the list that a request brings.
func (s *Server) newList(c echo.Context) (l profile.List, err error) {
	values, err := query(c)
	if err != nil {
		return l, err
	}
	kind, _, _ := strings.Cut(c.Request().Header.Get("Content-Type"), ";")
	switch kind = strings.ToLower(strings.TrimSpace(kind)); kind {
	case "text/csv", "text/plain":
		if err := knownOnly(values, "name"); err != nil {
			return l, err
		}
		l.Name = "Imported"
		if values.Has("name") {
			l.Name = values.Get("name")
		}
		l.Symbols, err = importSymbols(c, kind == "text/csv")
	case "application/json", "":
		if err := knownOnly(values); err != nil {
			return l, err
		}
		l.Name, l.Symbols, err = decodeList(c)
	default:
		err = refuse(http.StatusUnsupportedMediaType, "Send a list as application/json, text/csv or text/plain, and say so in Content-Type.")
	}
	if err != nil {
		return l, err
	}
	return l, s.checkList(&l)
}

// decodeList reads a list as JSON; both its fields are needed.
func decodeList(c echo.Context) (name string, symbols []quotes.Symbol, err error) {
	var body struct {
		Name    *string   `json:"name"`
		Symbols *[]string `json:"symbols"`
	}
	if err := decodeJSON(c, &body); err != nil {
		return "", nil, err
	}
	if body.Name == nil || body.Symbols == nil {
		return "", nil, refuse(http.StatusBadRequest, `A list has a name and symbols, as {"name":"Tech","symbols":["AAPL","MSFT"]}; the symbols may be none: [].`)
	}
	symbols, err = parseAll(*body.Symbols)
	return *body.Name, profile.Edit{Add: symbols}.Apply(nil), err
}

// checkList tidies a list's name and refuses what cannot be kept.
func (s *Server) checkList(l *profile.List) (err error) {
	if l.Name, err = profile.ParseName(l.Name); err != nil {
		return personProblem(err)
	}
	if len(l.Symbols) > s.MaxSymbols {
		return refuse(http.StatusUnprocessableEntity, "%d symbols are too many for a list: at most %d are allowed. Make two lists of them.", len(l.Symbols), s.MaxSymbols)
	}
	return nil
}

func importSymbols(c echo.Context, csv bool) ([]quotes.Symbol, error) {
	body, err := io.ReadAll(c.Request().Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, refuse(http.StatusRequestEntityTooLarge, "The body is larger than %d bytes.", maxBody)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "The body could not be read to its end. Send it again.")
	}
	symbols, err := readSymbols(body, csv)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%s", sentence(err.Error()))
	}
	return symbols, nil
}

// list answers with one list: as JSON, or as a file.
func (s *Server) list(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	if err := knownOnly(values, "format"); err != nil {
		return err
	}
	s.personal(c)
	id, err := s.ownerOnly(c)
	if err != nil {
		return err
	}
	number, err := listNumber(c)
	if err != nil {
		return err
	}
	l, err := s.Profiles.List(c.Request().Context(), id, number)
	if err != nil {
		return personProblem(err)
	}
	switch format := values.Get("format"); format {
	case "csv", "txt":
		return s.tellFile(c, l, format)
	case "", "json":
		setETag(c, l.Version)
		if matches(c.Request().Header.Get("If-None-Match"), etagOf(l.Version)) {
			return c.NoContent(http.StatusNotModified)
		}
		return c.JSON(http.StatusOK, s.ownList(l))
	}
	return refuse(http.StatusBadRequest, "format is json, csv or txt.")
}

// tellList answers a change with the list as it is now.
func (s *Server) tellList(c echo.Context, status int, l profile.List) error {
	setETag(c, l.Version)
	return writeJSON(c, status, s.ownList(l))
}

func listNumber(c echo.Context) (profile.ListID, error) {
	number, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || number < 1 {
		return 0, refuse(http.StatusNotFound, "There is no such list. /api/v1/lists has those that there are.")
	}
	return profile.ListID(number), nil
}

// changeList is what changes of one list have in common: who asks and which one.
func (s *Server) changeList(c echo.Context, change func(profile.ID, profile.ListID) (profile.List, error)) error {
	if err := noParameters(c); err != nil {
		return err
	}
	number, err := listNumber(c)
	if err != nil {
		return err
	}
	id, err := s.changer(c)
	if err != nil {
		return err
	}
	l, err := change(id, number)
	if err != nil {
		return personProblem(err)
	}
	s.profileChanged(id)
	return s.tellList(c, http.StatusOK, l)
}

// replaceList stores a list in place of the version that the client knows.
func (s *Server) replaceList(c echo.Context) error {
	return s.changeList(c, func(id profile.ID, number profile.ListID) (profile.List, error) {
		ctx := c.Request().Context()
		now, err := s.Profiles.List(ctx, id, number)
		if err != nil {
			return now, err
		}
		if err := ifMatch(c, now.Version); err != nil {
			return now, err
		}
		l := profile.List{ID: number, Version: now.Version}
		if l.Name, l.Symbols, err = decodeList(c); err != nil {
			return now, err
		}
		if err := s.checkList(&l); err != nil {
			return now, err
		}
		return s.Profiles.ReplaceList(ctx, id, l)
	})
}

// editList adds, moves and removes symbols, whatever others change meanwhile.
func (s *Server) editList(c echo.Context) error {
	return s.changeList(c, func(id profile.ID, number profile.ListID) (l profile.List, err error) {
		var body struct {
			Add    []string `json:"add"`
			Remove []string `json:"remove"`
			Before string   `json:"before"`
		}
		if err := decodeJSON(c, &body); err != nil {
			return l, err
		}
		var e profile.Edit
		if e.Add, err = parseAll(body.Add); err != nil {
			return l, err
		}
		if e.Remove, err = parseAll(body.Remove); err != nil {
			return l, err
		}
		if body.Before != "" {
			if e.Before, err = quotes.ParseSymbol(body.Before); err != nil {
				return l, err
			}
		}
		return s.Profiles.EditList(c.Request().Context(), id, number, e, s.MaxSymbols)
	})
}

// deleteList deletes a list, which can be brought back for a while.
func (s *Server) deleteList(c echo.Context) error {
	if err := noParameters(c); err != nil {
		return err
	}
	number, err := listNumber(c)
	if err != nil {
		return err
	}
	id, err := s.changer(c)
	if err != nil {
		return err
	}
	ctx, now := c.Request().Context(), time.Now().UTC()
	var version int64 // any
	if c.Request().Header.Get("If-Match") != "" {
		l, err := s.Profiles.List(ctx, id, number)
		if err != nil {
			return personProblem(err)
		}
		if err := ifMatch(c, l.Version); err != nil {
			return err
		}
		version = l.Version
	}
	if err := s.Profiles.DeleteList(ctx, id, number, version, now); err != nil {
		return personProblem(err)
	}
	s.profileChanged(id)
	return tellDeleted(c, listPath(number), now)
}

// tellDeleted says how what was deleted at a time comes back.
func tellDeleted(c echo.Context, path string, at time.Time) error {
	return writeJSON(c, http.StatusOK, struct {
		Undo  string    `json:"undo"` // what to post to
		Until time.Time `json:"until"`
	}{path + "/restore", at.Add(profile.RestoreTime).Truncate(time.Second)})
}

func (s *Server) restoreList(c echo.Context) error {
	return s.changeList(c, func(id profile.ID, number profile.ListID) (profile.List, error) {
		return s.Profiles.RestoreList(c.Request().Context(), id, number, time.Now())
	})
}

// shareList gives a list a public link, unshareList takes it away.
func (s *Server) shareList(c echo.Context) error {
	return s.changeList(c, func(id profile.ID, number profile.ListID) (profile.List, error) {
		return s.Profiles.ShareList(c.Request().Context(), id, number, profile.NewToken())
	})
}

func (s *Server) unshareList(c echo.Context) error {
	return s.changeList(c, func(id profile.ID, number profile.ListID) (profile.List, error) {
		return s.Profiles.UnshareList(c.Request().Context(), id, number)
	})
}

// orderLists puts the caller's lists in an order, and answers with all of them.
func (s *Server) orderLists(c echo.Context) error {
	if err := noParameters(c); err != nil {
		return err
	}
	var body struct {
		IDs []profile.ListID `json:"ids"`
	}
	if err := decodeJSON(c, &body); err != nil {
		return err
	}
	id, err := s.changer(c)
	if err != nil {
		return err
	}
	if err := s.Profiles.OrderLists(c.Request().Context(), id, body.IDs); err != nil {
		return personProblem(err)
	}
	s.profileChanged(id)
	s.personal(c)
	return s.tellLists(c, id)
}
