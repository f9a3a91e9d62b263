// Renders a template of a chart with what Helm's engine is made of: Go's text/template, sprig, and
// a few functions of Helm's own. Reads {"template": text, "values": what it is given} on stdin.
// With "set": true, whole numbers are int64, as Helm's --set gives them; else float64, as from a file.
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

// typed gives the numbers of a document the type that Helm gives them.
func typed(value interface{}, set bool) interface{} {
	switch value := value.(type) {
	case map[string]interface{}:
		for key := range value {
			value[key] = typed(value[key], set)
		}
	case []interface{}:
		for index := range value {
			value[index] = typed(value[index], set)
		}
	case json.Number:
		if whole, err := value.Int64(); err == nil && set {
			return whole
		}
		number, _ := value.Float64()
		return number
	}
	return value
}

func render() error {
	var input struct {
		Set      bool
		Template string
		Values   map[string]interface{}
	}
	decoder := json.NewDecoder(os.Stdin)
	decoder.UseNumber()
	if err := decoder.Decode(&input); err != nil {
		return err
	}
	typed(input.Values, input.Set)
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
