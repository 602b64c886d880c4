import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as format from '../js/format.js'

// The same table holds for the server's format.go.
const table = JSON.parse(readFileSync(new URL('format.json', import.meta.url), 'utf8'))

for (const [name, rows] of Object.entries(table)) {
	test(`${name} writes as the table says`, () => {
		for (const row of rows) {
			const [value, ...rest] = row.slice(0, -1)
			assert.equal(format[name](value ?? undefined, ...rest), row.at(-1), JSON.stringify(row))
		}
	})
}

test('a state says what takes most from the price', () => {
	const time = '2026-11-20T20:42:07.5Z'
	const zone = 'America/New_York'
	for (const [quote, words] of [
		[{ timeliness: 'live', session: 'regular' }, 'Live'],
		[{ timeliness: 'delayed', delay: 900 }, 'Delayed 15 min'],
		[{ timeliness: 'delayed', delay: 5 }, 'Delayed'],
		[{ timeliness: 'simulated' }, 'Simulated'],
		[{ timeliness: 'replayed' }, 'Replayed'],
		[{ timeliness: 'live', session: 'closed' }, 'Closed'],
		[{ timeliness: 'live', session: 'closed', stale: true, time }, 'Stale since 15:42:07'],
		[{ timeliness: 'live', stale: true, halted: true, time }, 'Halted'],
		[{ timeliness: 'live', limited: true, time }, 'Limit state'],
	]) assert.equal(format.state(quote, zone), words)
})

test('the date stands before the zone when it is not today', () => {
	const now = new Date('2026-11-21T01:00:00Z')
	const ny = 'America/New_York'
	assert.equal(format.clock(new Date('2026-11-20T20:42:07Z'), ny), '15:42:07')
	assert.equal(format.clock(new Date('2026-11-20T05:00:00Z'), ny), '00:00:00')
	assert.equal(format.day(new Date('2026-11-20T20:42:07Z'), ny, 'EST', now), 'EST')
	assert.equal(format.day(new Date('2026-11-19T20:42:07Z'), ny, 'EST', now), 'Nov 19 EST')
	assert.equal(format.day(new Date('2025-11-19T20:42:07Z'), ny, 'EST', now), 'Nov 19, 2025 EST')
	assert.equal(format.day(new Date('2026-07-20T20:42:07Z'), ny, 'EST', now), 'Jul 20 EDT')
})

test('pre and post market are a labelled line', () => {
	const q = { extended_price: 190.1, extended_change: -0.26, extended_change_percent: -0.14 }
	const line = { label: 'After hours', price: '190.10', change: '−0.26 (−0.14%)', way: 'down' }
	assert.deepEqual(format.extended({ ...q, session: 'post' }, 2), line)
	assert.deepEqual(format.extended({ ...q, session: 'closed' }, 2), line)
	assert.deepEqual(format.extended({ ...q, session: 'pre' }, 2), { ...line, label: 'Pre-market' })
	assert.equal(format.extended({ ...q, session: 'regular' }, 2), undefined)
	assert.equal(format.extended({ session: 'post' }, 2), undefined)
})

test('a previous close says its day', () => {
	const now = new Date('2026-11-21T01:00:00Z')
	for (const [quote, words] of [
		[{}, 'previous close'],
		[{ previous_close_date: '2026-11-20' }, 'previous close of Nov 20'],
		[{ previous_close_date: '2026-01-02', previous_close_adjusted: true }, 'previous close of Jan 2 (adjusted by the source)'],
		[{ previous_close_date: '2025-12-31' }, 'previous close of Dec 31, 2025'],
		[{ basis: 'day', previous_close_adjusted: true }, 'price at 00:00 UTC (adjusted by the source)'],
	]) assert.equal(format.datedBase(quote, now), words)
})

test('a change says what it is counted from', () => {
	for (const [basis, words] of [[undefined, 'previous close'], ['24h', 'price 24 h before'], ['day', 'price at 00:00 UTC']]) {
		assert.equal(format.base({ basis }), words)
	}
})
