// @ts-check
// The alerts on a symbol's page; loaded when there are some, or when somebody
// goes to the form that sets one.
import { drawLevels } from './levels.js'
import { quickForm } from './quickalert.js'
import './elements/alertlist.js'

/**
 * Begins with the list, the lines in the chart and the form.
 * @param {import('./quote.js').QuoteView} view
 * @param {any} parts of the page
 */
export function begin(view, parts) {
	const { root } = view
	const alerts = /** @type {any} */ (root.querySelector('tick-alerts'))
	const svg = /** @type {SVGElement} */ (root.querySelector('[data-levels]'))
	alerts.parts = parts
	parts.alerts = alerts
	const draw = () => {
		const close = view.quote?.previous_close
		const prices = [...view.sparkState?.prices ?? [], ...close == null ? [] : [close]]
		if (prices.length > 1) drawLevels(svg, alerts, Math.min(...prices), Math.max(...prices))
	}
	alerts.addEventListener('tick-alerts', draw)
	const quick = quickForm(/** @type {HTMLFormElement} */ (root.querySelector('[data-quick]')), root, parts)
	return { alerts, draw, quick }
}
