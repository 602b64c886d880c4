// @ts-check
// Symbols as people write them.

/**
 * The symbols in what somebody typed or pasted: split at spaces, commas and
 * semicolons, in upper case, each once.
 * @param {string} text
 * @returns {string[]}
 */
export function parseSymbols(text) {
	return [...new Set(text.toUpperCase().split(/[\s,;]+/).filter((s) => /^[A-Z0-9^][A-Z0-9.\-_/:=^]{0,23}$/.test(s)))]
}
