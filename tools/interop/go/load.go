// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containerd/ttrpc"

	"hako.invalid/interop/interopv1"
)

// load is work for the benchmark, done on one connection through the generated client.
type load struct {
	Kind         string `json:"kind"`
	PayloadBytes int    `json:"payloadBytes"`
	InFlight     int    `json:"inFlight"`
	Count        int    `json:"count"`
	Latencies    bool   `json:"latencies"`
}

func (l load) run(client *ttrpc.Client) outcome {
	work := l.download
	if l.Kind == "echo" {
		work = l.echo
	}
	start := time.Now()
	latencies, err := work(interopv1.NewInteropClient(client))
	return outcome{ElapsedNs: time.Since(start).Nanoseconds(), LatenciesNs: latencies, Local: text(err)}
}

// echo makes Count calls, InFlight of them at a time.
func (l load) echo(client interopv1.InteropClient) ([]int64, error) {
	var (
		workers   sync.WaitGroup
		next      atomic.Int64
		failure   atomic.Pointer[error]
		latencies []int64
		request   = &interopv1.EchoRequest{Data: make([]byte, l.PayloadBytes)}
	)
	if l.Latencies {
		latencies = make([]int64, l.Count)
	}
	for range l.InFlight {
		workers.Go(func() {
			for call := next.Add(1) - 1; call < int64(l.Count); call = next.Add(1) - 1 {
				start := time.Now()
				reply, err := client.Echo(context.Background(), request)
				if err == nil && len(reply.Data) != l.PayloadBytes {
					err = errors.New("the echo has another length")
				}
				if err != nil {
					failure.Store(&err)
					return
				}
				if l.Latencies {
					latencies[call] = time.Since(start).Nanoseconds()
				}
			}
		})
	}
	workers.Wait()
	if err := failure.Load(); err != nil {
		return nil, *err
	}
	return latencies, nil
}

// download receives one stream of Count messages.
func (l load) download(client interopv1.InteropClient) ([]int64, error) {
	request := &interopv1.DownloadRequest{Messages: uint32(l.Count), Size: uint32(l.PayloadBytes)}
	stream, err := client.Download(context.Background(), request)
	if err != nil {
		return nil, err
	}
	received := 0
	for {
		payload, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		received += len(payload.Data)
	}
	if received != l.Count*l.PayloadBytes {
		return nil, errors.New("the stream was short")
	}
	return nil, nil
}
