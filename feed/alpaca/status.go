package alpaca

// halts says what a status code of a trading status means for trading: halted,
// not halted, or neither (known is false). The codes of the CTA (tapes A and B)
// are digits and those of the UTP (C and O) letters, so that the tape need not be
// known; what else the CTA sends, as imbalances and price indications, says
// nothing of trading. The table "Status Codes" of Alpaca's page on real-time stock
// data (docs.alpaca.markets/docs/real-time-stock-pricing-data).
func halts(code []byte) (halted, known bool) {
	switch string(code) {
	case "2", // trading halt (CTA)
		"H", // trading halt (UTP)
		"P", // volatility trading pause
		"Q": // quotation resumption: quotes come again, trades do not yet
		return true, true
	case "3", // resume (CTA)
		"T": // trading resumption (UTP)
		return false, true
	}
	return false, false
}

// suspended says that a limit up-limit down message tells of a halt or pause: its
// indicator is D, "suspended during trading halt or trading pause". E comes with
// the reopening. The others (A opening, B intraday, C restated, F outside of the
// rule's hours) say where the price bands are.
func suspended(indicator []byte) (halted, known bool) {
	switch string(indicator) {
	case "D":
		return true, true
	case "E":
		return false, true
	}
	return false, false
}

// endsBands says that from a limit up-limit down message on there are no price
// bands.
func endsBands(indicator []byte) bool { return string(indicator) == "D" || string(indicator) == "F" }
