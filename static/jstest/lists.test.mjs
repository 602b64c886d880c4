import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listQuery } from '../js/lists.js'
import { parseSymbols } from '../js/symbols.js'

test('what is pasted is split at spaces, commas and line ends', () => {
	assert.deepEqual(parseSymbols('aapl, MSFT\nPETR4;btc/usd ^GSPC AAPL <b>'), ['AAPL', 'MSFT', 'PETR4', 'BTC/USD', '^GSPC'])
	assert.deepEqual(parseSymbols('  '), [])
})

test('an address can be read', () => {
	assert.equal(listQuery(['AAPL', 'BTC/USD', '^GSPC']), '?symbols=AAPL,BTC/USD,%5EGSPC')
	assert.equal(listQuery([], true), '?symbols=&view=ticker')
	assert.equal(listQuery(['AAPL'], true, '3'), '?list=3&symbols=AAPL&view=ticker')
})
