// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"slices"

	"hako.invalid/interop/interopv1"
)

func (s *service) Sum(_ context.Context, stream interopv1.Interop_SumServer) (*interopv1.Total, error) {
	var total interopv1.Total
	for {
		number, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return &total, nil
		}
		if err != nil {
			return nil, err
		}
		total.Value += number.Value
	}
}

func (s *service) First(_ context.Context, stream interopv1.Interop_FirstServer) (*interopv1.Total, error) {
	number, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	return &interopv1.Total{Value: number.Value}, nil
}

func (s *service) Count(_ context.Context, request *interopv1.CountRequest, stream interopv1.Interop_CountServer) error {
	for value := int32(1); value <= request.Upto; value++ {
		if err := stream.Send(&interopv1.Number{Value: value}); err != nil {
			return err
		}
	}
	if request.Failure != nil {
		return failureError(request.Failure)
	}
	return nil
}

func (s *service) Endless(ctx context.Context, request *interopv1.Label, stream interopv1.Interop_EndlessServer) error {
	call := s.watches.of(request.Label)
	call.start()
	defer call.end(true)
	for value := int32(1); ctx.Err() == nil; value++ {
		if err := stream.Send(&interopv1.Number{Value: value}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *service) Download(_ context.Context, request *interopv1.DownloadRequest, stream interopv1.Interop_DownloadServer) error {
	payload := &interopv1.Payload{Data: make([]byte, request.Size)}
	for range request.Messages {
		if err := stream.Send(payload); err != nil {
			return err
		}
	}
	return nil
}

func (s *service) EchoStream(_ context.Context, stream interopv1.Interop_EchoStreamServer) error {
	for {
		payload, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(payload); err != nil {
			return err
		}
	}
}

func (s *service) Reverse(_ context.Context, stream interopv1.Interop_ReverseServer) error {
	var payloads []*interopv1.Payload
	for {
		payload, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		payloads = append(payloads, payload)
	}
	for _, payload := range slices.Backward(payloads) {
		if err := stream.Send(payload); err != nil {
			return err
		}
	}
	return nil
}
