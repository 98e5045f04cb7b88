// Command benchfmt writes down what golang.org/x/perf/benchfmt reads in each file named: the number
// of results and a digest of all names, iteration counts, values and units. tests/reading.rs holds
// this project's reader against it.
package main

import (
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"

	"golang.org/x/perf/benchfmt"
)

func main() {
	for _, path := range os.Args[1:] {
		file, err := os.Open(path)
		if err != nil {
			panic(err)
		}
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
		fmt.Printf("%s\t%d\t%016x\n", filepath.Base(path), results, digest.Sum64())
		file.Close()
	}
}
