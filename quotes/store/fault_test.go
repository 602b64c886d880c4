package store

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/profile"
)

// TestWhatWasGivenUpSaysSo: a transaction whose caller has gone is rolled back
// under its statements, which then say other things.
func TestWhatWasGivenUpSaysSo(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	for _, err := range []error{sql.ErrTxDone, context.Canceled, profile.ErrNoList} {
		if got := fault(gone, "store a list", err); !errors.Is(got, context.Canceled) || !errors.Is(got, err) || errors.Is(got, quotes.ErrStorageAway) {
			t.Errorf("%v: %v", err, got)
		}
	}
	if got := fault(t.Context(), "store a list", sql.ErrTxDone); errors.Is(got, context.Canceled) || !errors.Is(got, quotes.ErrStorageAway) {
		t.Errorf("nobody has gone: %v", got)
	}
}
