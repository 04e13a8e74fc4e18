// SPDX-License-Identifier: Apache-2.0
import type { Benchmark } from '../frame/benchmark.ts';
import { rpcLoadCases } from './rpc-cases.ts';
import { rpcMemoryCase } from './rpc-memory.ts';
import { RpcPeers } from './rpc-peers.ts';
import { rpcTargets } from './rpc-targets.ts';

/** @hako/ttrpc beside the Go and the Rust implementation, gRPC in Node, and the bare socket. */
export const rpcBenchmark: Benchmark = {
  name: 'rpc',
  title: 'Remote procedure calls over a unix socket',
  async prepare(effort) {
    const peers = await RpcPeers.start();
    return {
      subjects: peers.subjects,
      cases: [...rpcLoadCases(peers, effort), rpcMemoryCase(peers, effort)],
      targets: rpcTargets,
      notes: [
        'Client and server are two processes; both ends are the same implementation, with its defaults.',
        'The work is an echo of bytes through generated messages; the stream carries messages one way.',
        'The raw echo moves the same payload through node:net and no protocol: the limit for anything in Node.',
        'Memory is that of a fresh server, measured once.',
        ...peers.missing,
      ],
      [Symbol.asyncDispose]: () => peers[Symbol.asyncDispose](),
    };
  },
};
