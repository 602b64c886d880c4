package views

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// The drawing area of a sparkline. Its points are whole numbers, so that the
// page's script reads prices back from them between the low and the high that
// stand beside them.
const (
	sparkWidth  = 1000
	sparkHeight = 300
)

// spark is a sparkline ready to draw.
type spark struct {
	Points    string // "0,120 500,80 1000,95", "" when there are fewer than two prices
	Low, High decimal.Decimal
	Close     string // y of the previous close, "" when it is not known
}

// newSpark scales the prices of a row and its previous close into the area. A day of
// which nothing was seen but its last price begins with its open.
func newSpark(r Row) spark {
	prices, closing := r.Spark, decimal.NullDecimal{}
	if r.Quote != nil {
		closing = r.Quote.PreviousClose
		if len(prices) < 2 && r.Quote.Open.Valid {
			prices = []decimal.Decimal{r.Quote.Open.Decimal}
		}
		if r.Quote.Price.Valid {
			prices = append(prices[:len(prices):len(prices)], r.Quote.Price.Decimal)
		}
	}
	all := prices
	if closing.Valid {
		all = append(all[:len(all):len(all)], closing.Decimal)
	}
	if len(all) == 0 {
		return spark{}
	}
	s := spark{Low: decimal.Min(all[0], all[1:]...), High: decimal.Max(all[0], all[1:]...)}
	if closing.Valid {
		s.Close = s.y(closing.Decimal)
	}
	if len(prices) < 2 {
		return s
	}
	var points strings.Builder
	for i, p := range prices {
		if i > 0 {
			points.WriteByte(' ')
		}
		points.WriteString(strconv.Itoa(i * sparkWidth / (len(prices) - 1)))
		points.WriteByte(',')
		points.WriteString(s.y(p))
	}
	s.Points = points.String()
	return s
}

// y is how far below the top a price is drawn.
func (s spark) y(price decimal.Decimal) string {
	return strconv.FormatInt(sparkHeight-share(price, s.Low, s.High, sparkHeight), 10)
}

// share is where price lies from low (0) to high (of), in the middle when there
// is no way between them.
func share(price, low, high decimal.Decimal, of int64) int64 {
	span := high.Sub(low)
	if span.Sign() <= 0 {
		return of / 2
	}
	at := price.Sub(low).Mul(decimal.NewFromInt(of)).DivRound(span, 0).IntPart()
	return min(max(at, 0), of)
}

// rangeMark is the place of the last price on the day's range, 0 to 100, out of
// sight when one of the three is not known.
func rangeMark(r Row) string {
	q := r.Quote
	if q == nil || !q.Price.Valid || !q.Low.Valid || !q.High.Valid {
		return "-9"
	}
	return strconv.FormatInt(share(q.Price.Decimal, q.Low.Decimal, q.High.Decimal, 100), 10)
}

// dayInWords is what a sparkline and a range bar say to a screen reader.
func dayInWords(r Row) string {
	q := r.Quote
	if q == nil {
		return r.Instrument.Symbol.String() + ": no prices yet"
	}
	decimals := r.Instrument.Decimals
	return r.Instrument.Symbol.String() + " today: low " + Number(q.Low, decimals) + ", high " +
		Number(q.High, decimals) + ", " + base(q) + " " + Number(q.PreviousClose, decimals)
}
