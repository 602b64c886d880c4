// @ts-check
// Takes over what the server renders anew, text by text, so that what is open,
// marked or focused stays.

/** Makes an element as another one is. @param {Element} old @param {Element} now */
export function morph(old, now) {
	for (const { name } of [...old.attributes]) if (name !== 'open' && !now.hasAttribute(name)) old.removeAttribute(name)
	for (const { name, value } of now.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value)
	if (old instanceof HTMLInputElement) old.checked = now.hasAttribute('checked')
	const have = [...old.childNodes], want = [...now.childNodes]
	if (have.length !== want.length || have.some((n, i) => n.nodeName !== want[i].nodeName)) {
		return old.replaceChildren(...want.map((n) => document.importNode(n, true)))
	}
	have.forEach((n, i) => {
		if (n instanceof Element) morph(n, /** @type {Element} */ (want[i]))
		else if (n.nodeValue !== want[i].nodeValue) n.nodeValue = want[i].nodeValue
	})
}
