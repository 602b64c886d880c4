package feedtest

import (
	"testing"
	"time"
)

func TestSoundVendorSourcePasses(t *testing.T) {
	RunVendor(t, toyCase(toy{}))
}

func TestBadRecordingIsFound(t *testing.T) {
	c := toyCase(toy{})
	c.patience = time.Second
	trade := Frame{Msg: []byte(`{"t":"AAA","p":"1","s":"1"}`)}
	for want, frames := range map[string][]Frame{
		"2 recorded messages made 2 updates instead of 1": {trade, trade},
		"1 recorded messages made 0 updates instead of 1": {{Msg: []byte(`{"news":1}`)}},
		`the source said "a malformed message`:            {trade, {Msg: []byte(`{"t":`)}},
	} {
		r := Recording{Symbols: toySymbols[:1], Updates: 1}
		wantError(t, checkRecorded(t.Context(), c, r, frames), want)
	}
}

func TestRecordedFormats(t *testing.T) {
	at := time.Date(2021, 4, 17, 16, 43, 37, 61_845_000, time.UTC)
	for line, want := range map[string]Frame{
		`1618677817061845000 {"a": 1}`:   {at, []byte(`{"a": 1}`)},
		`1618677817.061845: {"a": 1}`:    {at, []byte(`{"a": 1}`)},
		`1618677817: {}`:                 {at.Truncate(time.Second), []byte(`{}`)},
		`wss://x.example <- 1618677: {}`: {},
	} {
		got, ok, err := parseFrame(line)
		if err != nil || ok != (want.Msg != nil) || !got.Received.Equal(want.Received) || string(got.Msg) != string(want.Msg) {
			t.Errorf("%s: %v %q, %v, %v", line, got.Received, got.Msg, ok, err)
		}
	}
	if _, _, err := parseFrame("nonsense {}"); err == nil {
		t.Error("a line without a time is taken")
	}
}
