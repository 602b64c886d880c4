import assert from 'node:assert/strict'
import { test } from 'node:test'

globalThis.HTMLElement ??= class {}
globalThis.customElements ??= { define() {} }
const { read, write } = await import('../js/lists/transfer.js')
const { left } = await import('../js/lists/movein.js')

const found = (text) => read(text).found.map((f) => f.symbol + '@' + f.line)

test('plain text may have anything between its symbols', () => {
	assert.deepEqual(found('aapl, MSFT\r\n\r\nPETR4;btc/usd AAPL\n'), ['AAPL@1', 'MSFT@1', 'PETR4@3', 'BTC/USD@3'])
})

test('of CSV the column of symbols is taken', () => {
	assert.deepEqual(found('\uFEFFName,Symbol,Price\n"Apple, ""the"" Inc.",aapl,1\nMicrosoft,MSFT,2\n,,\n'), ['AAPL@2', 'MSFT@3'])
	assert.deepEqual(found('symbol\tname\nKO\tCoca-Cola, The\n'), ['KO@2'])
	assert.deepEqual(found('"Ticker";"x"\n"BRK.B";"1"\n'), ['BRK.B@2'])
})

test('what is no symbol is named with its line', () => {
	assert.deepEqual(read('symbol\nAAPL\n<b>\nMSFT\n'), {
		found: [{ line: 2, symbol: 'AAPL' }, { line: 4, symbol: 'MSFT' }], bad: [{ line: 3, text: '<b>' }],
	})
})

test('what is written can be read', () => {
	const rows = [{ symbol: 'AAPL', name: 'Apple, "the" Inc.' }, { symbol: 'EQ', name: '=1+1' }, { symbol: 'BTC/USD', name: '' }]
	for (const kind of ['csv', 'txt']) {
		assert.deepEqual(read(write(rows, kind)), { found: rows.map(({ symbol }, i) => ({ symbol, line: i + (kind === 'csv' ? 2 : 1) })), bad: [] })
	}
	assert.equal(write(rows, 'csv').split('\r\n')[2], 'EQ,"\'=1+1"')
})

test('lists that earlier visits left are read whatever else is there', () => {
	for (const nonsense of [null, 3, { lists: 7 }, { lists: { A: 'x', '': ['Y'] } }]) assert.deepEqual(left(nonsense), [])
	assert.deepEqual(left({ current: 'B', lists: { A: [1, 'X', 'X'], B: [] } }), [{ name: 'A', symbols: ['X'] }, { name: 'B', symbols: [] }])
})
