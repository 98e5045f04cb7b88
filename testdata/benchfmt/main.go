// Command benchfmt writes down what golang.org/x/perf/benchfmt reads. tests/reading.rs and
// tests/measurements.rs hold this project's readers against it.
//
//	benchfmt digest FILE…     of each file the number of results, and a digest of all names, iteration
//	                          counts, values and units
//	benchfmt records INPUT…   every record; an input may be label=path
//	benchfmt numbers          of each line of standard input what it is as an iteration count and as
//	                          a measurement
package main

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/perf/benchfmt"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	switch mode, arguments := os.Args[1], os.Args[2:]; mode {
	case "digest":
		for _, path := range arguments {
			digest(out, path)
		}
	case "records":
		records(out, arguments)
	case "numbers":
		numbers(out, os.Stdin)
	default:
		panic(mode)
	}
}

func digest(out io.Writer, path string) {
	file, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	results, digest := 0, fnv.New64a()
	reader := benchfmt.NewReader(file, path)
	for reader.Scan() {
		if result, ok := reader.Result().(*benchfmt.Result); ok {
			results++
			fmt.Fprintf(digest, "%s %s %d", result.GetConfig("pkg"), result.Name, result.Iters)
			for _, value := range result.Values {
				fmt.Fprintf(digest, " %016x %s", math.Float64bits(value.Value), value.Unit)
			}
			fmt.Fprintln(digest)
		}
	}
	fmt.Fprintf(out, "%s\t%d\t%016x\n", filepath.Base(path), results, digest.Sum64())
}

// records prints one record a line, its fields separated by tabs: texts are quoted, since they may hold
// any bytes.
func records(out io.Writer, inputs []string) {
	files := benchfmt.Files{Paths: inputs, AllowStdin: true, AllowLabels: true}
	for files.Scan() {
		switch record := files.Result().(type) {
		case *benchfmt.SyntaxError:
			fmt.Fprintf(out, "error\t%s\n", quote(record.Error()))
		case *benchfmt.UnitMetadata:
			_, line := record.Pos()
			fmt.Fprintf(out, "unit\t%d\t%s\t%s\t%s\t%s\n", line,
				quote(record.OrigUnit), quote(record.Unit), quote(record.Key), quote(record.Value))
		case *benchfmt.Result:
			_, line := record.Pos()
			fmt.Fprintf(out, "result\t%d\t%s\t%d", line, quote(string(record.Name)), record.Iters)
			for _, setting := range record.Config {
				fmt.Fprintf(out, "\tkey\t%s\t%s", quote(setting.Key), quote(string(setting.Value)))
			}
			for _, value := range record.Values {
				fmt.Fprintf(out, "\tvalue\t%016x\t%s\t%s", math.Float64bits(value.Value),
					quote(value.Unit), quote(value.OrigUnit))
			}
			fmt.Fprintln(out)
		}
	}
	if err := files.Err(); err != nil {
		fmt.Fprintf(out, "failed\t%s\n", quote(err.Error()))
	}
}

func numbers(out io.Writer, in io.Reader) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		number := lines.Text()
		read := func(line string) string {
			reader := benchfmt.NewReader(strings.NewReader(line), "-")
			reader.Scan()
			switch record := reader.Result().(type) {
			case *benchfmt.Result:
				value := record.Values[0]
				if math.IsNaN(value.Value) {
					return "NaN"
				}
				return fmt.Sprintf("%d %016x", record.Iters, math.Float64bits(value.Value))
			case *benchfmt.SyntaxError:
				return record.Msg
			}
			panic(line)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", number, read("BenchmarkX "+number+" 1 x"), read("BenchmarkX 1 "+number+" x"))
	}
}

// quote keeps printable ASCII but for the backslash, and writes all other bytes in hexadecimal.
func quote(text string) string {
	var quoted strings.Builder
	for _, b := range []byte(text) {
		if b < ' ' || b > '~' || b == '\\' {
			fmt.Fprintf(&quoted, "\\%02x", b)
		} else {
			quoted.WriteByte(b)
		}
	}
	return quoted.String()
}
