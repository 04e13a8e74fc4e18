// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/containerd/ttrpc"
)

// instruction is one line of the driver's input; src/driver-protocol.ts describes its fields.
type instruction struct {
	ID         int                 `json:"id"`
	Op         string              `json:"op"`
	Connection string              `json:"connection"`
	Service    string              `json:"service"`
	Method     string              `json:"method"`
	Send       []json.RawMessage   `json:"send"`
	Metadata   map[string][]string `json:"metadata"`
	TimeoutMs  int                 `json:"timeoutMs"`
	Lockstep   bool                `json:"lockstep"`
	KeepOpen   bool                `json:"keepOpen"`
	Take       *int                `json:"take"`
	Call       int                 `json:"call"`
	Load       load                `json:"load"`
}

// driver runs the instructions of one input, each in its own goroutine.
type driver struct {
	socket string

	connecting  sync.Mutex
	connections map[string]*ttrpc.Client

	cancelling sync.Mutex
	cancels    map[int]context.CancelFunc

	writing sync.Mutex
	output  *json.Encoder
}

func drive(socket string, input io.Reader, output io.Writer) error {
	d := &driver{
		socket:      socket,
		connections: make(map[string]*ttrpc.Client),
		cancels:     make(map[int]context.CancelFunc),
		output:      json.NewEncoder(output),
	}
	lines := json.NewDecoder(input)
	for {
		var i instruction
		if err := lines.Decode(&i); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := d.follow(i); err != nil {
			return err
		}
	}
}

func (d *driver) follow(i instruction) error {
	switch i.Op {
	case "call":
		client, err := d.client(i.Connection)
		if err != nil {
			return err
		}
		ctx, cancel := d.callContext(i)
		go func() {
			defer d.forget(i.ID, cancel)
			d.report(i.ID, perform(ctx, client, i))
		}()
	case "load":
		client, err := d.client(i.Connection)
		if err != nil {
			return err
		}
		go func() { d.report(i.ID, i.Load.run(client)) }()
	case "cancel":
		d.cancelling.Lock()
		defer d.cancelling.Unlock()
		if cancel, ok := d.cancels[i.Call]; ok {
			cancel()
		}
	case "close":
		client, err := d.client(i.Connection)
		if err != nil {
			return err
		}
		delete(d.connections, i.Connection)
		d.report(i.ID, outcome{Local: text(client.Close())})
	default:
		return fmt.Errorf("unknown op %q", i.Op)
	}
	return nil
}

// client dials on the first mention of a connection. Only the input loop calls it.
func (d *driver) client(connection string) (*ttrpc.Client, error) {
	if client, ok := d.connections[connection]; ok {
		return client, nil
	}
	conn, err := net.Dial("unix", d.socket)
	if err != nil {
		return nil, err
	}
	client := ttrpc.NewClient(conn)
	d.connections[connection] = client
	return client, nil
}

func (d *driver) forget(id int, cancel context.CancelFunc) {
	cancel()
	d.cancelling.Lock()
	defer d.cancelling.Unlock()
	delete(d.cancels, id)
}

func (d *driver) report(id int, o outcome) {
	d.writing.Lock()
	defer d.writing.Unlock()
	o.ID = id
	if err := d.output.Encode(o); err != nil {
		panic(err)
	}
}
