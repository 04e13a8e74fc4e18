// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"sync"
)

// watches finds calls by label, whoever mentions the label first: the call or the one waiting for it.
type watches struct {
	mu    sync.Mutex
	calls map[string]*watched
}

// watched is one call with its three moments.
type watched struct {
	started, released, ended chan struct{}
	releaseOnce              sync.Once
	abandoned                bool
}

func newWatches() *watches {
	return &watches{calls: make(map[string]*watched)}
}

func (w *watches) of(label string) *watched {
	w.mu.Lock()
	defer w.mu.Unlock()
	call, ok := w.calls[label]
	if !ok {
		call = &watched{
			started:  make(chan struct{}),
			released: make(chan struct{}),
			ended:    make(chan struct{}),
		}
		w.calls[label] = call
	}
	return call
}

func (c *watched) start() { close(c.started) }

func (c *watched) release() { c.releaseOnce.Do(func() { close(c.released) }) }

func (c *watched) end(abandoned bool) {
	c.abandoned = abandoned
	close(c.ended)
}

// await returns when the moment has come or the waiting call is over.
func await(ctx context.Context, moment <-chan struct{}) error {
	select {
	case <-moment:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
