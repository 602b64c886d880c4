package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tickboard/tickboard/quotes"
)

func TestStorageFaultsAreTold(t *testing.T) {
	for err, want := range map[error]int{
		quotes.ErrStorageFull:     http.StatusInsufficientStorage,
		quotes.ErrStorageReadOnly: http.StatusServiceUnavailable,
		quotes.ErrStorageAway:     http.StatusServiceUnavailable,
		errors.New("another"):     http.StatusInternalServerError,
	} {
		p := asProblem(fmt.Errorf("store a notification: %w: secret of the log", err))
		if p.Status != want || strings.Contains(p.Detail, "secret") || want != http.StatusInternalServerError && !strings.Contains(p.Detail, "Quotes go on.") {
			t.Errorf("%v: %d %s %s", err, p.Status, p.Title, p.Detail)
		}
	}
}
