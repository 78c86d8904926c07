// The application of the mesh tests of Gateway API's conformance suite: one program that is the server in the pods
// and, started as `client`, what the tests execute in them. Command lines and output are those that the suite uses.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	run := serve
	if filepath.Base(os.Args[0]) == "client" {
		run = call
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
