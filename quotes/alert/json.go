package alert

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// AppendJSON appends the notification as the wire contract has it: one object
// on one line; from symbol on what there is none of is left out, and for whom it
// is is not told. It does not allocate when dst has room.
func (n *Notification) AppendJSON(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"id":`...), n.ID, 10)
	dst = quotes.AppendJSONString(append(dst, `,"type":`...), string(n.Type))
	dst = quotes.AppendJSONString(append(dst, `,"message":`...), n.Message)
	dst = append(dst, `,"time":"`...)
	dst = n.Time.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, '"')
	if !n.Symbol.IsZero() {
		dst = quotes.AppendJSONString(append(dst, `,"symbol":`...), n.Symbol.String())
	}
	if n.Price.Valid {
		dst = quotes.AppendDecimal(append(dst, `,"price":`...), n.Price.Decimal)
	}
	if n.Rule != "" {
		dst = quotes.AppendJSONString(append(dst, `,"rule":`...), n.Rule)
	}
	if n.RuleID != 0 {
		dst = strconv.AppendInt(append(dst, `,"rule_id":`...), int64(n.RuleID), 10)
	}
	if n.Kind != "" {
		dst = quotes.AppendJSONString(append(dst, `,"kind":`...), string(n.Kind))
	}
	if n.Deliver != "" {
		dst = quotes.AppendJSONString(append(dst, `,"deliver":`...), n.Deliver)
	}
	if n.Link != "" {
		dst = quotes.AppendJSONString(append(dst, `,"link":`...), n.Link)
	}
	if !n.Expires.IsZero() {
		dst = append(dst, `,"expires":"`...)
		dst = n.Expires.UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

// MarshalJSON implements json.Marshaler with AppendJSON.
func (n Notification) MarshalJSON() ([]byte, error) {
	return n.AppendJSON(make([]byte, 0, 256)), nil
}

// wireNotification is Notification as encoding/json reads it.
type wireNotification struct {
	ID      int64         `json:"id"`
	Type    string        `json:"type"`
	Message string        `json:"message"`
	Time    time.Time     `json:"time"`
	Symbol  quotes.Symbol `json:"symbol"`
	Price   json.Number   `json:"price"`
	Rule    string        `json:"rule"`
	RuleID  RuleID        `json:"rule_id"`
	Kind    Kind          `json:"kind"`
	Deliver string        `json:"deliver"`
	Link    string        `json:"link"`
	Expires time.Time     `json:"expires"`
}

// UnmarshalJSON reads what AppendJSON writes. Fields that it does not know are
// ignored; what Validate would refuse is an error.
func (n *Notification) UnmarshalJSON(data []byte) error {
	var w wireNotification
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	out := Notification{
		ID: w.ID, Type: Type(w.Type), Message: w.Message, Time: w.Time.UTC(), Symbol: w.Symbol,
		Rule: w.Rule, RuleID: w.RuleID, Kind: w.Kind, Deliver: w.Deliver, Link: w.Link, Expires: w.Expires.UTC(),
	}
	if w.Price != "" {
		price, err := quotes.ParseDecimal(w.Price.String())
		if err != nil {
			return fmt.Errorf("price: %w", err)
		}
		out.Price = quotes.Some(price)
	}
	if err := out.Validate(); err != nil {
		return err
	}
	*n = out
	return nil
}
