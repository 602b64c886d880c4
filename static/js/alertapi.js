// @ts-check
// The viewer's alerts at the server.
import { inTurn } from './first.js'

/**
 * @typedef {{id: number, symbol: string, condition: string, level?: number, window?: string, hysteresis?: number,
 *   repeat: string, cooldown?: string, sessions: string, note?: string, expires?: string, paused?: boolean, deliver?: string,
 *   version: number, text: string, state: {phase: string, fired?: string, count?: number}}} Alert
 * @typedef {{status: number, detail?: string, met?: boolean, advice?: Partial<Alert>}} Problem
 */

/** A refusal, with what the server says of it. */
export class Refusal extends Error {
	/** @param {Problem} problem */
	constructor(problem) {
		super(problem.detail ?? `The server answered ${problem.status}.`)
		this.problem = problem
	}
}

/**
 * Asks the server; a refusal is thrown.
 * @param {string} method
 * @param {string} path below /api/v1
 * @param {object} [body]
 * @param {number} [version] of what is changed
 * @returns {Promise<any>}
 */
export async function call(method, path, body, version) {
	/** @type {Record<string, string>} */
	const headers = {}
	if (body) headers['Content-Type'] = 'application/json'
	if (version) headers['If-Match'] = `"v${version}"`
	const ask = () => fetch('/api/v1' + path, { method, headers, body: body && JSON.stringify(body), cache: 'no-cache', signal: AbortSignal.timeout(15_000) })
	const response = await (method === 'GET' ? ask() : inTurn(ask))
	if (!response.ok) throw new Refusal({ ...await response.json().catch(() => ({})), status: response.status })
	return response.status === 204 ? undefined : response.json().catch(() => undefined)
}

/** What went wrong, for a person. @param {unknown} error */
export function reason(error) {
	return error instanceof Refusal ? error.message : 'The server does not answer. Look at your alerts in a moment before you try again.'
}

/**
 * A number as people write it, without the commas between its thousands. What is
 * no such number stays as it is: a decimal comma is none between thousands.
 * @param {string} text
 */
export function plain(text) {
	const number = text.trim().replace('−', '-')
	return /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(number) ? number.replaceAll(',', '') : number
}

/**
 * What to offer in place of an alert whose condition is met already.
 * @param {unknown} error
 * @param {string} level as the viewer wrote it
 * @returns {{says: string, does: string, instead: Partial<Alert>} | undefined}
 */
export function adviceOf(error, level) {
	if (!(error instanceof Refusal) || !error.problem.met) return
	const { advice } = error.problem
	const says = { crosses_up: `The price is above ${level} already.`, crosses_down: `The price is below ${level} already.` }
	const does = { crosses_up: `Tell me when it next rises to ${level}`, crosses_down: `Tell me when it next falls to ${level}` }
	const condition = /** @type {'crosses_up' | 'crosses_down'} */ (advice?.condition)
	return { says: says[condition] ?? advice?.text ?? error.message, does: does[condition] ?? '', instead: { condition } }
}
