// SPDX-License-Identifier: Apache-2.0

// Command interop is the Go side of the interoperability suite and of the benchmark: a ttRPC server and a ttRPC
// client on github.com/containerd/ttrpc, both told by lines of text what to do.
//
//	interop serve --socket PATH   serves until its standard input ends; lines there release calls or shut it down
//	interop drive --socket PATH   reads instructions, writes outcomes, one JSON object a line
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/containerd/log"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("usage: interop serve|drive --socket PATH")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	socket := flags.String("socket", "", "path of the unix socket")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	// The library logs each frame of an abandoned stream; the suite provokes plenty of them.
	if err := log.SetLevel("panic"); err != nil {
		return err
	}
	switch args[0] {
	case "serve":
		return serve(*socket, os.Stdin, os.Stdout)
	case "drive":
		return drive(*socket, os.Stdin, os.Stdout)
	default:
		return fmt.Errorf("unknown command %q", args[0])
	}
}
