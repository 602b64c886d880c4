// @ts-check
// Runs before the first paint: the viewer's theme, and the viewer's own list
// when the address names none. Storage may throw.
(() => {
	const root = document.documentElement
	root.dataset.js = ''
	/** @param {string} key */
	const stored = (key) => {
		try { return JSON.parse(localStorage.getItem('tickboard.' + key) ?? 'null') } catch { return null }
	}
	for (const key of ['theme', 'palette', 'density', 'hide']) {
		const value = stored(key)
		if (value) root.dataset[key] = String(value)
	}
	const query = new URLSearchParams(location.search)
	if (location.pathname !== '/' || query.has('symbols')) return
	const lists = stored('lists')
	const symbols = lists?.lists?.[lists.current]
	if (!Array.isArray(symbols) || symbols.length === 0) return
	query.set('symbols', symbols.join(','))
	location.replace('/?' + query.toString().replaceAll('%2C', ',').replaceAll('%2F', '/'))
})()
