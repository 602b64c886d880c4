package replay

import "github.com/tickboard/tickboard/feed"

// parameters are the URL's, for the help.
func parameters(formats map[string]Format) []feed.Parameter {
	return []feed.Parameter{
		{Name: "PATH", Means: "the recording: /absolute, ./relative or name"},
		{Name: "speed", Means: "1 to 10000, or max without waiting"},
		{Name: "loop", Means: "1 begins again after the end, for ever"},
		{Name: "from", Means: "where to begin: a time, or a duration after the first row"},
		{Name: "lenient", Means: "1 skips malformed rows instead of ending at the first"},
		{Name: "format", Means: "one of " + names(formats) + "; without it the begin of the file tells"},
	}
}
