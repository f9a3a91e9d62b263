// Renders a template of a chart with what Helm's engine is made of: Go's text/template, sprig, and
// a few functions of Helm's own. Reads {"template": text, "values": what it is given} on stdin.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v2"
)

func toYaml(value interface{}) (string, error) {
	text, err := yaml.Marshal(value)
	return strings.TrimSuffix(string(text), "\n"), err
}

func render() error {
	var input struct {
		Template string
		Values   map[string]interface{}
	}
	if err := json.NewDecoder(os.Stdin).Decode(&input); err != nil {
		return err
	}
	functions := sprig.TxtFuncMap()
	// Helm leaves these out: a chart must not depend on the machine that renders it.
	delete(functions, "env")
	delete(functions, "expandenv")
	functions["toYaml"] = toYaml
	parsed, err := template.New("chart").Option("missingkey=zero").Funcs(functions).Parse(input.Template)
	if err != nil {
		return err
	}
	return parsed.Execute(os.Stdout, input.Values)
}

func main() {
	if err := render(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
