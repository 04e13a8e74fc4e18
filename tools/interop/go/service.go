// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/containerd/ttrpc"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"

	"hako.invalid/interop/interopv1"
)

// service implements interopv1.InteropService; its streams are in streams.go.
type service struct {
	watches *watches
}

func (s *service) Echo(ctx context.Context, request *interopv1.EchoRequest) (*interopv1.EchoReply, error) {
	_, hasDeadline := ctx.Deadline()
	return &interopv1.EchoReply{
		Data:        request.Data,
		Text:        request.Text,
		Metadata:    metadataOf(ctx),
		HasDeadline: hasDeadline,
	}, nil
}

func metadataOf(ctx context.Context) []*interopv1.MetadataEntry {
	metadata, _ := ttrpc.GetMetadata(ctx)
	var entries []*interopv1.MetadataEntry
	for key, values := range metadata {
		entries = append(entries, &interopv1.MetadataEntry{Key: key, Values: values})
	}
	slices.SortFunc(entries, func(a, b *interopv1.MetadataEntry) int { return strings.Compare(a.Key, b.Key) })
	return entries
}

func (s *service) Measure(_ context.Context, request *interopv1.Payload) (*interopv1.MeasureReply, error) {
	return &interopv1.MeasureReply{Size: uint32(len(request.Data))}, nil
}

func (s *service) Produce(_ context.Context, request *interopv1.ProduceRequest) (*interopv1.Payload, error) {
	return &interopv1.Payload{Data: make([]byte, request.Size)}, nil
}

func (s *service) Nothing(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (s *service) Fail(_ context.Context, failure *interopv1.Failure) (*emptypb.Empty, error) {
	return nil, failureError(failure)
}

func failureError(failure *interopv1.Failure) error {
	proto := &spb.Status{Code: failure.Code, Message: failure.Message}
	for _, detail := range failure.Details {
		proto.Details = append(proto.Details, &anypb.Any{TypeUrl: detail.TypeUrl, Value: detail.Value})
	}
	return status.FromProto(proto).Err()
}

func (s *service) Hold(ctx context.Context, request *interopv1.Label) (*emptypb.Empty, error) {
	call := s.watches.of(request.Label)
	call.start()
	err := await(ctx, call.released)
	call.end(err != nil)
	return &emptypb.Empty{}, err
}

func (s *service) AwaitStart(ctx context.Context, request *interopv1.Label) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, await(ctx, s.watches.of(request.Label).started)
}

func (s *service) AwaitEnd(ctx context.Context, request *interopv1.Label) (*interopv1.Ending, error) {
	call := s.watches.of(request.Label)
	if err := await(ctx, call.ended); err != nil {
		return nil, err
	}
	return &interopv1.Ending{Abandoned: call.abandoned}, nil
}

func (s *service) Crash(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	os.Exit(0)
	return nil, nil
}
