// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// outcome is one line of the driver's output; src/driver-protocol.ts describes its fields.
type outcome struct {
	ID          int               `json:"id"`
	Replies     []json.RawMessage `json:"replies,omitempty"`
	Status      *rpcStatus        `json:"status,omitempty"`
	Closed      bool              `json:"closed,omitempty"`
	Abandoned   bool              `json:"abandoned,omitempty"`
	Local       string            `json:"local,omitempty"`
	ElapsedNs   int64             `json:"elapsedNs,omitempty"`
	LatenciesNs []int64           `json:"latenciesNs,omitempty"`
}

type rpcStatus struct {
	Code    codes.Code     `json:"code"`
	Message string         `json:"message"`
	Details []statusDetail `json:"details"`
}

type statusDetail struct {
	TypeURL string `json:"typeUrl"`
	Value   []byte `json:"value"`
}

func succeeded(replies []proto.Message) outcome {
	return outcome{Replies: texts(replies), Status: &rpcStatus{Details: []statusDetail{}}}
}

// failed keeps apart what the suite tells apart: a status, a lost connection, and an error of the library itself.
func failed(replies []proto.Message, err error) outcome {
	o := outcome{Replies: texts(replies)}
	switch {
	case errors.Is(err, context.Canceled):
		o.Abandoned = true
		return o
	case errors.Is(err, ttrpc.ErrClosed):
		o.Closed = true
		return o
	case errors.Is(err, context.DeadlineExceeded):
		err = status.FromContextError(err).Err()
	}
	reported, ok := status.FromError(err)
	if !ok {
		o.Local = err.Error()
		return o
	}
	o.Status = &rpcStatus{Code: reported.Code(), Message: reported.Message(), Details: []statusDetail{}}
	for _, detail := range reported.Proto().GetDetails() {
		o.Status.Details = append(o.Status.Details, statusDetail{TypeURL: detail.TypeUrl, Value: detail.Value})
	}
	return o
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
