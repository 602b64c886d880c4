package alert

import (
	"context"
	"time"
)

// Store is the database behind the log. Numbers are given as 1, 2, 3 and so on,
// and become visible in that order: no reader sees 8 before 7. What belongs to a
// profile that is deleted leaves a hole. Any number may call every method at once.
type Store interface {
	// Append stores n and returns it as stored, with its number. When it
	// returns without an error, n survives a power cut; when it returns one
	// that wraps ErrInvalid, n is not fit for the log; when it returns the
	// context's, n was not stored.
	Append(ctx context.Context, n Notification) (Notification, error)

	// After returns, whoever they are for, the first notifications above the number id, oldest first,
	// at most limit.
	After(ctx context.Context, id int64, limit int) ([]Notification, error)

	// AfterFor and BeforeFor are for one profile, 0 for none: they leave out
	// what is for others, and do not read it. BeforeFor returns the last
	// notifications below the number id, newest first, at most limit; id 0
	// begins at the newest.
	AfterFor(ctx context.Context, profile, id int64, limit int) ([]Notification, error)
	BeforeFor(ctx context.Context, profile, id int64, limit int) ([]Notification, error)

	// Bounds returns the newest number that was given, 0 in an empty log, and
	// the highest one that retention has removed, 0 when none was. Both only grow.
	Bounds(ctx context.Context) (newest, pruned int64, err error)

	// PrunedFor returns the highest number that retention has removed of what was
	// for everybody, for the watchers of a symbol or for a profile, 0 for none.
	PrunedFor(ctx context.Context, profile int64) (int64, error)

	// Prune removes the oldest, as long as more than keep are there or the
	// oldest is from a time before the given one, some thousand of them in one
	// call at most, and returns the highest number that is removed now. A keep
	// below zero and the zero time are no limit. The newest always stays.
	Prune(ctx context.Context, keep int, before time.Time) (pruned int64, err error)
}
