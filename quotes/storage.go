package quotes

import "errors"

// What a database says when it cannot do what it was asked. None of them is the
// fault of the one who asked, all of them may pass, and quotes go on meanwhile.
var (
	// ErrStorageFull says that the disk has no room: nothing was stored.
	ErrStorageFull = errors.New("the disk of the database is full")
	// ErrStorageReadOnly says that the database can be read only: nothing was stored.
	ErrStorageReadOnly = errors.New("the database can only be read")
	// ErrStorageAway says that the database does not answer, or not in time. A
	// change that was under way may have been stored or not.
	ErrStorageAway = errors.New("the database does not answer")
)
