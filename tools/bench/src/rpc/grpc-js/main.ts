// SPDX-License-Identifier: Apache-2.0

// The same calls over gRPC: @grpc/grpc-js as it is used without a framework, on the same generated messages.
import { runLoadProgram } from '../load-program.ts';
import { grpcLoad } from './grpc-client.ts';
import { grpcServer } from './grpc-server.ts';

await runLoadProgram({ serve: grpcServer, load: grpcLoad });
