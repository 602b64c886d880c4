package profile

import (
	"context"
	"time"
)

// Store is the database behind the profiles. Any number may call every method at
// once; what is stored when one returns without an error survives a power cut.
// Each change counts one of the profile's Versions on. An error for a profile that
// is not there wraps ErrNoProfile.
type Store interface {
	People
	Watchlists

	// Retire removes what is past its time: profiles without anything that were
	// not seen for KeepEmptyTime and others for KeepTime, lists deleted longer
	// than RestoreTime ago, codes that have expired. It returns the profiles.
	Retire(ctx context.Context, now time.Time) ([]ID, error)
}

// People is the part of Store that knows who is who.
type People interface {
	// Open returns the profile that a key opens and its versions, ID 0 for a key
	// that opens none, and whether now is a later day than the one on which the
	// device was last seen.
	Open(ctx context.Context, k Key, now time.Time) (found Found, err error)

	// See notes that a device was seen.
	See(ctx context.Context, k Key, now time.Time) error

	// Make makes a profile that the key opens; where it opens one already, that
	// is the one.
	Make(ctx context.Context, k Key, label string, now time.Time) (ID, error)

	// Profile returns all of it.
	Profile(ctx context.Context, id ID) (Profile, error)

	// ChangeSettings merges a change into the settings and returns them all.
	ChangeSettings(ctx context.Context, id ID, change Settings) (Settings, Versions, error)

	// DeleteProfile removes a profile with everything that is its own.
	DeleteProfile(ctx context.Context, id ID) error

	// RemoveDevice takes a device out; the error may wrap ErrNoDevice or, for
	// the only one, ErrLastDevice.
	RemoveDevice(ctx context.Context, id ID, device string) error

	// AddCode stores the hash of a code that takes a device in. Earlier codes
	// of the profile are no good any more.
	AddCode(ctx context.Context, id ID, hash string, expires time.Time) error

	// Code returns the profile that a code takes a device into, or an error that
	// wraps ErrNoCode.
	Code(ctx context.Context, hash string, now time.Time) (ID, error)

	// Move uses a code up: from then on the key opens its profile. A profile that
	// the key opened before is moved in whole, with all its devices, and is no
	// more; of its channels as many as there is room for.
	Move(ctx context.Context, hash string, k Key, label string, now time.Time) (Moved, error)

	// Changes returns the profiles that have changed after a number, in the
	// order of their changes, at most limit. Numbers become visible in their
	// order. Those that are gone have Gone set.
	Changes(ctx context.Context, after int64, limit int) ([]Change, error)

	// NewestChange returns the newest number of a change.
	NewestChange(ctx context.Context) (int64, error)

	// Export returns everything of a profile's own for the person to keep: by
	// kind of thing, without secrets, as JSON can write it.
	Export(ctx context.Context, id ID) (map[string]any, error)
}

// Found is what a key opens.
type Found struct {
	ID       ID
	Versions Versions
	NewDay   bool
}

// Moved says what a device has brought along.
type Moved struct {
	ID     ID
	Before ID // the profile that it had, 0 for none; it is no more
	Lists  int
	Alerts int
	Left   []string // names of its channels for which there was no room: they are no more
}

// Change is a profile after a change.
type Change struct {
	ID       ID
	Number   int64
	Versions Versions
	Gone     bool
}

// Watchlists is the part of Store that has the lists. Of a list that is not the
// profile's, or is deleted, an error wraps ErrNoList; where there would be too
// many lists or symbols it wraps ErrLimit and says how many there may be.
type Watchlists interface {
	// Lists returns a profile's lists in their order, and the version of all.
	Lists(ctx context.Context, id ID) ([]List, int64, error)

	// List returns one.
	List(ctx context.Context, id ID, list ListID) (List, error)

	// AddList stores a list behind the others, and returns it with its number.
	AddList(ctx context.Context, id ID, l List) (List, error)

	// ReplaceList stores the name and the symbols of a list that has l's Version;
	// otherwise the error wraps ErrListChanged. A Version of 0 is any.
	ReplaceList(ctx context.Context, id ID, l List) (List, error)

	// EditList changes a list's symbols, of which there are at most most then.
	EditList(ctx context.Context, id ID, list ListID, e Edit, most int) (List, error)

	// DeleteList deletes a list that has a version, 0 for any. RestoreList brings
	// it back, up to RestoreTime later.
	DeleteList(ctx context.Context, id ID, list ListID, version int64, now time.Time) error
	RestoreList(ctx context.Context, id ID, list ListID, now time.Time) (List, error)

	// OrderLists arranges the lists by their numbers; what is no list of the
	// profile's is passed over.
	OrderLists(ctx context.Context, id ID, order []ListID) error

	// ShareList gives a list that has none the secret of a public link, and
	// UnshareList takes it away.
	ShareList(ctx context.Context, id ID, list ListID, token string) (List, error)
	UnshareList(ctx context.Context, id ID, list ListID) (List, error)

	// SharedList returns the list of a public link.
	SharedList(ctx context.Context, token string) (List, error)
}
