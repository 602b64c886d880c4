package profile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
)

// Settings are what a person has chosen, by name. What the program does not know
// is kept as it is.
type Settings map[string]json.RawMessage

// ParseSettings reads what was stored.
func ParseSettings(text []byte) (Settings, error) {
	s := Settings{}
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	return s, nil
}

// With are the settings after a change: each that it names takes its new value,
// and goes where that is null. It says whether anything is different. An error
// wraps ErrInvalid.
func (s Settings) With(change Settings) (next Settings, different bool, err error) {
	next = maps.Clone(s)
	if next == nil {
		next = Settings{}
	}
	for name, value := range change {
		var compact bytes.Buffer
		if err := json.Compact(&compact, value); err != nil {
			return nil, false, fmt.Errorf("%w: the setting %q is no JSON", ErrInvalid, name)
		}
		old, had := next[name]
		if compact.String() == "null" {
			delete(next, name)
			different = different || had
			continue
		}
		different = different || !had || !bytes.Equal(old, compact.Bytes())
		next[name] = compact.Bytes()
	}
	if size := len(next.JSON()); size > MaxSettings {
		return nil, false, fmt.Errorf("%w: the settings have %d bytes, at most %d are allowed", ErrInvalid, size, MaxSettings)
	}
	return next, different, nil
}

// JSON is the settings as one object, in the order of their names.
func (s Settings) JSON() []byte {
	if s == nil {
		return []byte("{}")
	}
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // each is JSON already
	}
	return text
}
