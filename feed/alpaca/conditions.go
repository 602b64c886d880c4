package alpaca

// marks are what the conditions of a trade allow it to change.
type marks struct {
	last    bool // may be the last price
	ranges  bool // may widen the day's high and low
	volume  bool // counts in the day's volume
	regular bool // belongs to the regular session, whenever it is told
}

// The rows of the table below.
var (
	everything = marks{last: true, ranges: true, volume: true, regular: true}
	rangeOnly  = marks{ranges: true, volume: true, regular: true}
	volumeOnly = marks{volume: true, regular: true}
	nothing    = marks{regular: true}
	extended   = marks{last: true, volume: true}
	closing    = marks{last: true, ranges: true, regular: true}
	late       = marks{volume: true}
)

// conditions says what a trade with a condition code may change, after the table
// "What trade conditions update" of Alpaca's market data FAQ
// (docs.alpaca.markets/docs/market-data-faq), which follows the specifications of
// the consolidated tapes: CTS for tapes A and B, UTP's UTDF for tape C, FINRA's
// TDDS for O (over the counter). "Last" is its column of open and close, the range
// its column of the daily bar, for high and low here are the day's.
//
// Where the table has two answers: G, P, Z and 4 would open a day that has no
// other trade yet, which is not worth a wrong price; T is the last price of the
// extended hours and nothing of the day's but its volume; 9 replaces the day's
// close. M and Q say what a market center takes for its official close and open,
// and are no trades.
var conditions = [256]marks{
	' ': everything, '@': everything, // regular sale
	'A': everything, // acquisition
	'C': volumeOnly, // cash sale
	'D': everything, // distribution
	'E': everything, // automatic execution
	'F': everything, // intermarket sweep
	'G': rangeOnly,  // bunched sold trade
	'H': volumeOnly, // price variation trade
	'I': volumeOnly, // odd lot
	'K': everything, // rule 127 or 155
	'L': everything, // sold last
	'M': nothing,    // market center official close
	'N': volumeOnly, // next day
	'O': everything, // opening print
	'P': rangeOnly,  // prior reference price
	'Q': nothing,    // market center official open
	'R': volumeOnly, // seller
	'S': everything, // split trade
	'T': extended,   // extended hours, form T
	'U': late,       // extended hours, sold out of sequence
	'V': volumeOnly, // contingent trade
	'W': volumeOnly, // average price trade (tapes C and O)
	'X': everything, // cross
	'Y': everything, // yellow flag
	'Z': rangeOnly,  // sold out of sequence
	'4': rangeOnly,  // derivatively priced
	'5': everything, // reopening print
	'6': everything, // closing print, told after the close
	'7': volumeOnly, // qualified contingent trade
	'9': closing,    // corrected consolidated close
}

// allowed says what a trade with these conditions on a tape may change: what all
// of them allow. A trade without conditions is a regular sale. One that the table
// does not have counts as volume alone: a price that is missing for a moment is
// better than a wrong one.
func allowed(tape byte, codes []byte) marks {
	m := everything
	for _, code := range codes {
		m = m.and(meaning(tape, code))
	}
	return m
}

// meaning is the row of one condition. B is the one code that means two things.
func meaning(tape, code byte) marks {
	if code == 'B' {
		if tape == 'C' {
			return everything // bunched trade
		}
		return volumeOnly // average price trade
	}
	if m := conditions[code]; m != (marks{}) {
		return m
	}
	return volumeOnly
}

func (m marks) and(n marks) marks {
	return marks{m.last && n.last, m.ranges && n.ranges, m.volume && n.volume, m.regular && n.regular}
}
