// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/containerd/ttrpc"

	"hako.invalid/interop/interopv1"
)

// serve answers calls until commands ends. It prints "ready" once it listens and "stopped" after a graceful
// shutdown; its commands are "release LABEL" and "shutdown".
func serve(socket string, commands io.Reader, events io.Writer) error {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server, err := ttrpc.NewServer()
	if err != nil {
		return err
	}
	watches := newWatches()
	interopv1.RegisterInteropService(server, &service{watches: watches})
	serving := make(chan error, 1)
	go func() { serving <- server.Serve(context.Background(), listener) }()
	fmt.Fprintln(events, "ready")

	lines := bufio.NewScanner(commands)
	for lines.Scan() {
		command, operand, _ := strings.Cut(lines.Text(), " ")
		switch command {
		case "release":
			watches.of(operand).release()
		case "shutdown":
			go func() {
				if server.Shutdown(context.Background()) == nil {
					fmt.Fprintln(events, "stopped")
				}
			}()
		default:
			return fmt.Errorf("unknown command %q", command)
		}
	}
	if err := server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	if err := <-serving; !errors.Is(err, ttrpc.ErrServerClosed) {
		return err
	}
	return lines.Err()
}
