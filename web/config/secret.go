package config

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
)

// Env looks a variable up, as os.LookupEnv does.
type Env func(name string) (value string, ok bool)

// fill sets the flags that are not given from their variables, and says which are
// given then.
func (env Env) fill(fs *flag.FlagSet) (given map[string]bool, err error) {
	given = make(map[string]bool)
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	fs.VisitAll(func(f *flag.Flag) {
		value, ok := env(envName(f.Name))
		if !ok || given[f.Name] {
			return
		}
		given[f.Name] = true
		if bad := f.Value.Set(value); bad != nil && err == nil {
			err = fmt.Errorf("%s=%q: %w; see tickboard --help", envName(f.Name), value, bad)
		}
	})
	return given, err
}

// envName is the variable of a flag.
func envName(flagName string) string {
	return "TICKBOARD_" + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

// Secret reads TICKBOARD_NAME, or the file that TICKBOARD_NAME_FILE names. It is
// "" when there is neither.
func (env Env) Secret(name string) (string, error) {
	if value, ok := env("TICKBOARD_" + name); ok && value != "" {
		return value, nil
	}
	variable := "TICKBOARD_" + name + "_FILE"
	path, ok := env(variable)
	if !ok || path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", variable, err)
	}
	if data = bytes.TrimSpace(data); len(data) == 0 {
		return "", fmt.Errorf("%s: %s is empty", variable, path)
	}
	return string(data), nil
}
