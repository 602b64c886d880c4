// @ts-check
// Takes over what the server says anew, node by node, so that what is open,
// focused or pointed at stays.

/**
 * Makes an element as another one is, but for data-keep elements, which somebody
 * else keeps. Children with a data-key are told apart by it.
 * @param {Element} old @param {Element} now
 */
export function morph(old, now) {
	if (old.hasAttribute('data-keep')) return
	for (const { name } of [...old.attributes]) if (name !== 'open' && !now.hasAttribute(name)) old.removeAttribute(name)
	for (const { name, value } of now.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value)
	if (old instanceof HTMLInputElement) old.checked = now.hasAttribute('checked')
	/** @type {Map<string, Element>} */
	const keyed = new Map()
	for (const child of old.children) if (keyOf(child)) keyed.set(keyOf(child), child)
	let at = old.firstChild
	for (const want of [...now.childNodes]) {
		const key = keyOf(want)
		const have = key ? keyed.get(key) : at && !keyOf(at) && at.nodeName === want.nodeName ? at : undefined
		if (have === at && at) at = at.nextSibling
		if (!have) old.insertBefore(document.importNode(want, true), at)
		else {
			if (have.nextSibling !== at) old.insertBefore(have, at)
			keyed.delete(key)
			if (have instanceof Element) morph(have, /** @type {Element} */ (want))
			else if (have.nodeValue !== want.nodeValue) have.nodeValue = want.nodeValue
		}
	}
	while (at) {
		const next = at.nextSibling
		at.remove()
		at = /** @type {ChildNode | null} */ (next)
	}
}

/** @param {Node} node */
function keyOf(node) { return node instanceof HTMLElement ? node.dataset.key ?? '' : '' }
