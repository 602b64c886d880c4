// @ts-check
// Pages without a stream.
import { themeButton } from './prefs.js'

themeButton()
