// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"hako.invalid/interop/interopv1"
)

const interopService = "hako.interop.v1.Interop"

// method knows the shape and the generated messages of one method.
type method struct {
	ttrpc.StreamDesc
	service, name        string
	newRequest, newReply func() proto.Message
}

// methodOf finds a method in the generated descriptors. A method they lack, asked of any service, is unary and has
// empty messages: that is how the suite calls what does not exist.
func methodOf(service, name string) method {
	if service == "" {
		service = interopService
	}
	m := method{service: service, name: name, newRequest: newNothing, newReply: newNothing}
	services := interopv1.File_hako_interop_v1_interop_proto.Services()
	if known := services.ByName("Interop").Methods().ByName(protoreflect.Name(name)); known != nil {
		m.StreamingClient = known.IsStreamingClient()
		m.StreamingServer = known.IsStreamingServer()
		m.newRequest = constructor(known.Input())
		m.newReply = constructor(known.Output())
	}
	return m
}

func newNothing() proto.Message { return &interopv1.Payload{} }

func constructor(message protoreflect.MessageDescriptor) func() proto.Message {
	found, err := protoregistry.GlobalTypes.FindMessageByName(message.FullName())
	if err != nil {
		panic(fmt.Sprintf("%s is not among the generated messages: %v", message.FullName(), err))
	}
	return func() proto.Message { return found.New().Interface() }
}

func (d *driver) callContext(i instruction) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	if i.TimeoutMs > 0 {
		ctx, cancel = context.WithTimeout(context.Background(), time.Duration(i.TimeoutMs)*time.Millisecond)
	}
	if len(i.Metadata) > 0 {
		metadata := ttrpc.MD{}
		for key, values := range i.Metadata {
			metadata.Append(key, values...)
		}
		ctx = ttrpc.WithMetadata(ctx, metadata)
	}
	d.cancelling.Lock()
	defer d.cancelling.Unlock()
	d.cancels[i.ID] = cancel
	return ctx, cancel
}

// perform makes one call and tells how it went.
func perform(ctx context.Context, client *ttrpc.Client, i instruction) outcome {
	m := methodOf(i.Service, i.Method)
	requests := make([]proto.Message, len(i.Send))
	for n, text := range i.Send {
		requests[n] = m.newRequest()
		if err := protojson.Unmarshal(text, requests[n]); err != nil {
			return outcome{Local: err.Error()}
		}
	}
	if !m.StreamingClient && !m.StreamingServer {
		reply := m.newReply()
		if err := client.Call(ctx, m.service, m.name, requests[0], reply); err != nil {
			return failed(nil, err)
		}
		return succeeded([]proto.Message{reply})
	}
	return performStream(ctx, client, m, requests, i)
}

func performStream(ctx context.Context, client *ttrpc.Client, m method, requests []proto.Message, i instruction) outcome {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	var opening any
	if !m.StreamingClient {
		opening, requests = requests[0], nil
	}
	stream, err := client.NewStream(ctx, &m.StreamDesc, m.service, m.name, opening)
	if err != nil {
		return failed(nil, err)
	}
	var replies []proto.Message
	receive := func() error {
		reply := m.newReply()
		err := stream.RecvMsg(reply)
		if err == nil {
			replies = append(replies, reply)
		}
		return err
	}

	send := func() error {
		for _, request := range requests {
			if err := stream.SendMsg(request); err != nil {
				return err
			}
			if i.Lockstep {
				if err := receive(); err != nil {
					return err
				}
			}
		}
		if m.StreamingClient && !i.KeepOpen {
			return stream.CloseSend()
		}
		return nil
	}
	if i.Lockstep {
		if err := send(); err != nil {
			return failed(replies, err)
		}
	} else {
		go func() {
			if err := send(); err != nil {
				giveUp(err)
			}
		}()
	}
	for i.Take == nil || len(replies) < *i.Take {
		err := receive()
		if err == nil && m.StreamingServer {
			continue
		}
		if err == nil || errors.Is(err, io.EOF) {
			return succeeded(replies)
		}
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return failed(replies, err)
	}
	return outcome{Replies: texts(replies), Abandoned: true}
}

func texts(messages []proto.Message) []json.RawMessage {
	lines := make([]json.RawMessage, len(messages))
	for n, message := range messages {
		line, err := protojson.Marshal(message)
		if err != nil {
			panic(err)
		}
		lines[n] = line
	}
	return lines
}
