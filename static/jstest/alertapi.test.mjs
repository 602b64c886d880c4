import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal, adviceOf, plain, reason } from '../js/alertapi.js'

const met = (condition) => new Refusal({ status: 422, detail: 'It is there already.', met: true, advice: { condition } })

test('what is met already comes with an offer in words', () => {
	assert.deepEqual(adviceOf(met('crosses_up'), '100'), {
		says: 'The price is above 100 already.', does: 'Tell me when it next rises to 100', instead: { condition: 'crosses_up' },
	})
	assert.equal(adviceOf(met('crosses_down'), '100').does, 'Tell me when it next falls to 100')
})

test('commas between thousands are dropped, and a decimal comma is not', () => {
	for (const [text, want] of [['1,250.50', '1250.50'], [' 12,500 ', '12500'], ['12,5', '12,5'], ['1,2500', '1,2500'], ['−3', '-3'], ['', '']]) assert.equal(plain(text), want)
})

test('where there is nothing to offer the advice says why', () => {
	const refusal = new Refusal({ status: 422, detail: 'It is there already. Send even_if_met.', met: true, advice: { text: 'It is there already.' } })
	assert.equal(adviceOf(refusal, '5').says, 'It is there already.')
	const advice = adviceOf(met(undefined), '5')
	assert.equal(advice.says, 'It is there already.')
	assert.equal(advice.does, '')
})

test('other refusals are no advice, and say what the server says', () => {
	const refusal = new Refusal({ status: 422, detail: 'The level is 0; give one above zero.' })
	assert.equal(adviceOf(refusal, '0'), undefined)
	assert.equal(reason(refusal), 'The level is 0; give one above zero.')
	assert.equal(adviceOf(new TypeError('network'), '0'), undefined)
	assert.match(reason(new TypeError('network')), /does not answer/)
	assert.match(new Refusal({ status: 502 }).message, /502/)
})

