// Package profile is a person's own things, kept without an account: who asks, the
// devices that open a profile, its settings, and its lists. It promises that no
// secret of a device is kept, and that of two who change the same thing none
// overwrites unseen what the other has done. It knows no wire and no database but
// its Store interface.
//
//   - profile.go   ID, Profile, Versions, Device, and the limits
//   - key.go       Key: what opens a profile
//   - settings.go  Settings and how they are changed
//   - list.go      List and what it may hold
//   - store.go     Store: what a database must promise
//   - retire.go    RunRetire: profiles that nobody uses any more go
package profile

import (
	"errors"
	"time"
)

// ID is a profile's number. 0 is nobody.
type ID int64

// Versions count the changes of a profile's things. Each only grows.
type Versions struct {
	Lists    int64 `json:"lists"`
	Alerts   int64 `json:"alerts"`
	Marks    int64 `json:"marks"`
	Settings int64 `json:"settings"`
}

// Thing names one of the things that Versions count.
type Thing string

// The things of a profile.
const (
	Lists   Thing = "lists"
	Alerts  Thing = "alerts"
	Marks   Thing = "marks"
	Presets Thing = "settings"
)

// Profile is what is known of a person.
type Profile struct {
	ID       ID
	Created  time.Time
	Settings Settings
	Versions Versions
	Devices  []Device // in the order in which they came
}

// Device is a browser that opens a profile, or the name by which a reverse proxy
// vouches for somebody.
type Device struct {
	ID      string // opaque; the same as long as it is there
	Label   string // for a person, as "Firefox on Linux"
	Created time.Time
	Seen    time.Time // to the day
}

// Limits of one profile. Symbols on a list have the server's limit.
const (
	MaxLists    = 50
	MaxAlerts   = 200
	MaxChannels = 20
	MaxDevices  = 50
	MaxSettings = 8 << 10 // bytes, as JSON
)

const (
	// MoveTime is how long a code that takes another device in is good.
	MoveTime = 10 * time.Minute
	// RestoreTime is how long a deleted list or alert can be brought back.
	RestoreTime = 7 * 24 * time.Hour
	// KeepTime is how long a profile is kept that nobody uses, KeepEmptyTime one
	// that has nothing in it.
	KeepTime      = 400 * 24 * time.Hour
	KeepEmptyTime = 30 * 24 * time.Hour
)

// Errors that a Store's methods wrap. Their texts are for a person.
var (
	ErrNoProfile   = errors.New("there is no such profile; it may have been deleted")
	ErrNoDevice    = errors.New("there is no such device; it may have been removed")
	ErrLastDevice  = errors.New("this is the only device; without it nobody could open the profile, so delete the profile instead")
	ErrNoCode      = errors.New("this link has been used or is too old; make a new one on the other device")
	ErrNoList      = errors.New("there is no such list; it may have been deleted")
	ErrListChanged = errors.New("the list was changed meanwhile; load it again and repeat the change")
	ErrLimit       = errors.New("there are too many")
	ErrInvalid     = errors.New("this cannot be kept")
)
