// @ts-check
// Numbers and times as people read them; the same as the server's format.go.
// Numbers go to Intl as text, so that 1.005 is rounded as the decimal it is.

export const missing = '—'
const minus = '\u2212'

/** @type {Map<string, any>} */
const cache = new Map()

/** @param {Intl.NumberFormatOptions} options @returns {Intl.NumberFormat} */
function numbers(options) {
	const key = JSON.stringify(options)
	let f = cache.get(key)
	if (!f) cache.set(key, f = new Intl.NumberFormat('en-US', options))
	return f
}

/** @param {string} zone @param {Intl.DateTimeFormatOptions} options @returns {Intl.DateTimeFormat} */
function times(zone, options) {
	const key = zone + JSON.stringify(options)
	let f = cache.get(key)
	if (!f) {
		try { f = new Intl.DateTimeFormat('en-US', { ...options, timeZone: zone || undefined }) } catch {
			f = new Intl.DateTimeFormat('en-US', { ...options, timeZone: 'UTC' })
		}
		cache.set(key, f)
	}
	return f
}

/** @param {number} n @param {Intl.NumberFormatOptions} options */
function write(n, options) {
	const text = numbers({ signDisplay: 'negative', ...options }).format(/** @type {any} */ (String(n)))
	return text.replace('-', minus)
}

/** @param {number | undefined} n @param {number} decimals */
export function number(n, decimals) {
	return n == null ? missing : write(n, { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
}

/** @param {number | undefined} n @param {number} decimals */
export function signed(n, decimals) {
	return (direction(n, decimals) === 'up' ? '+' : '') + number(n, decimals)
}

/** @param {number | undefined} n */
export function percent(n) {
	return n == null ? missing : signed(n, 2) + '%'
}

/**
 * Where a change points once it is rounded as it is shown.
 * @param {number | undefined} n
 * @param {number} decimals
 * @returns {'' | 'up' | 'down' | 'flat'}
 */
export function direction(n, decimals) {
	if (n == null) return ''
	if (!/[1-9]/.test(number(n, decimals))) return 'flat'
	return n > 0 ? 'up' : 'down'
}

/** 1.2K, 12.67M, 3.1B. @param {number | undefined} n */
export function big(n) {
	if (n == null) return missing
	if (Math.abs(n) < 1) return write(n, { maximumSignificantDigits: 3 })
	const text = numbers({ maximumFractionDigits: 2, notation: 'compact' }).format(/** @type {any} */ (String(n)))
	return text.replace('-', minus)
}

/** All of a number, for tooltips. @param {number | undefined} n */
export function full(n) {
	return n == null ? missing : write(n, { maximumFractionDigits: 18 })
}

/** The time of day in a zone, 15:42:07. @param {Date} t @param {string} zone */
export function clock(t, zone) {
	return times(zone, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(t)
}

/** @param {Date} t @param {string} zone @param {'longOffset' | 'short'} timeZoneName */
const zoneName = (t, zone, timeZoneName) => times(zone, { timeZoneName }).formatToParts(t).find((p) => p.type === 'timeZoneName')?.value ?? ''

/**
 * The zone's abbreviation, with the date before it when that is not today's. The
 * one given is that of now; where the clocks have changed between, it has another.
 * @param {Date} t @param {string} zone @param {string} abbreviation @param {Date} now
 */
export function day(t, zone, abbreviation, now) {
	const date = times(zone, { year: 'numeric', month: 'short', day: 'numeric' })
	const then = date.format(t), today = date.format(now)
	if (then === today) return abbreviation
	if (zoneName(t, zone, 'longOffset') !== zoneName(now, zone, 'longOffset')) abbreviation = zoneName(t, zone, 'short')
	return (then.slice(-4) === today.slice(-4) ? then.slice(0, -6) : then) + ' ' + abbreviation
}

/** A moment in the viewer's zone, in full. @param {Date} t */
export function viewerTime(t) {
	return times('', { dateStyle: 'medium', timeStyle: 'long' }).format(t)
}

/** A moment in the viewer's zone, short. @param {Date} t @param {Date} now */
export function shortTime(t, now) {
	const at = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
	return times('', t.toDateString() === now.toDateString() ? at : { month: 'short', day: 'numeric', ...at }).format(t)
}

/**
 * What a price is, in the words that stand next to it.
 * @param {import('./stream.js').Quote} q
 * @param {string} zone
 */
export function state(q, zone) {
	if (q.halted) return 'Halted'
	if (q.stale) return 'Stale since ' + (q.time ? clock(new Date(q.time), zone) : missing)
	if (q.limited) return 'Limit state'
	if (q.session === 'closed') return 'Closed'
	return timeliness(q)
}

/** @param {import('./stream.js').Quote} q */
export function timeliness(q) {
	switch (q.timeliness) {
	case 'live': return 'Live'
	case 'simulated': return 'Simulated'
	case 'replayed': return 'Replayed'
	}
	const minutes = Math.round((q.delay ?? 0) / 60)
	return minutes ? `Delayed ${minutes} min` : 'Delayed'
}

/** @type {Record<string, string>} */
export const sessions = { pre: 'Pre-market', regular: 'Regular', post: 'After hours', closed: 'Closed' }

/** What a change is counted from, as it stands in a sentence. @param {import('./stream.js').Quote} q */
export function base(q) {
	return q.basis === '24h' ? 'price 24 h before' : q.basis === 'day' ? 'price at 00:00 UTC' : 'previous close'
}

/**
 * What a change is counted from with the day that it is of, where that is known.
 * @param {import('./stream.js').Quote} q
 * @param {Date} now
 */
export function datedBase(q, now) {
	let words = base(q)
	if (q.previous_close_date) {
		const date = times('UTC', { year: 'numeric', month: 'short', day: 'numeric' }).format(new Date(q.previous_close_date))
		words += ' of ' + (date.endsWith(String(now.getUTCFullYear())) ? date.slice(0, -6) : date)
	}
	return q.previous_close_adjusted ? words + ' (adjusted by the source)' : words
}

/**
 * The second line of pre and post market, not shown in the regular session.
 * @param {import('./stream.js').Quote} q
 * @param {number} decimals
 */
export function extended(q, decimals) {
	if (q.extended_price == null || q.session === 'regular') return
	return {
		label: sessions[q.session === 'pre' ? 'pre' : 'post'],
		price: number(q.extended_price, decimals),
		change: `${signed(q.extended_change, decimals)} (${percent(q.extended_change_percent)})`,
		way: direction(q.extended_change, decimals),
	}
}
