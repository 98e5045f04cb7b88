// Command query writes down what golang.org/x/perf/benchproc answers: which results filters let
// pass, what projections make of them, and what is wrong with expressions that are none. It reads
// questions from standard input and writes a line for each. tests/query.rs holds this project's language against it.
package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchproc"
)

type questions struct {
	Results []struct {
		// Not always text.
		Name          []byte
		File          string
		Settings      [][2]string
		Unit, Printed string
	}
	Filters []string
	// Table, row, column, ignore.
	Projections [][4]string
}

type answer struct {
	Error string `json:"error,omitempty"`
	// A digit a result: whether the filter lets it pass.
	Passes string `json:"passes,omitempty"`
	// Of table, row, column and residue: the key of each result, the keys in order, and what differs.
	Keys      [][]string `json:"keys,omitempty"`
	Sorted    [][]string `json:"sorted,omitempty"`
	Differing []string   `json:"differing,omitempty"`
}

func main() {
	var asked questions
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		panic(err)
	}
	results := asked.results()
	var told []answer
	for _, query := range asked.Filters {
		filter, err := benchproc.NewFilter(query)
		if err != nil {
			told = append(told, answer{Error: err.Error()})
			continue
		}
		told = append(told, answer{Passes: passes(filter, results)})
	}
	for _, expressions := range asked.Projections {
		told = append(told, project(expressions, results))
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	for _, answer := range told {
		if err := encoder.Encode(answer); err != nil {
			panic(err)
		}
	}
}

func (asked *questions) results() []*benchfmt.Result {
	var results []*benchfmt.Result
	for _, told := range asked.Results {
		value := benchfmt.Value{Value: 1, Unit: told.Unit, OrigUnit: told.Printed}
		result := &benchfmt.Result{Name: told.Name, Iters: 1, Values: []benchfmt.Value{value}}
		for _, setting := range told.Settings {
			config := benchfmt.Config{Key: setting[0], Value: []byte(setting[1]), File: true}
			result.Config = append(result.Config, config)
		}
		result.SetConfig(".file", told.File)
		results = append(results, result)
	}
	return results
}

func passes(filter *benchproc.Filter, results []*benchfmt.Result) string {
	var digits strings.Builder
	for _, result := range results {
		match, _ := filter.Match(result)
		if match.Test(0) {
			digits.WriteByte('1')
		} else {
			digits.WriteByte('0')
		}
	}
	return digits.String()
}

func project(expressions [4]string, results []*benchfmt.Result) (told answer) {
	filter, err := benchproc.NewFilter("*")
	if err != nil {
		panic(err)
	}
	var parser benchproc.ProjectionParser
	var projections []*benchproc.Projection
	for index, option := range []string{"--table", "--row", "--col", "--ignore"} {
		var projection *benchproc.Projection
		if index == 0 {
			projection, _, err = parser.ParseWithUnit(expressions[index], filter)
		} else {
			projection, err = parser.Parse(expressions[index], filter)
		}
		if err != nil {
			return answer{Error: "parsing " + option + ": " + err.Error()}
		}
		projections = append(projections, projection)
	}
	projections[3] = parser.Residue()

	told.Passes = passes(filter, results)
	for _, projection := range projections {
		var keys []benchproc.Key
		for _, result := range results {
			keys = append(keys, projection.ProjectValues(result)[0])
		}
		told.Keys = append(told.Keys, texts(keys))
		var differing []string
		for _, field := range benchproc.NonSingularFields(keys) {
			differing = append(differing, field.Name)
		}
		told.Differing = append(told.Differing, strings.Join(differing, " "))
		benchproc.SortKeys(keys)
		told.Sorted = append(told.Sorted, texts(slices.Compact(keys)))
	}
	return told
}

func texts(keys []benchproc.Key) []string {
	var texts []string
	for _, key := range keys {
		texts = append(texts, strings.ToValidUTF8(key.String(), "?"))
	}
	return texts
}
