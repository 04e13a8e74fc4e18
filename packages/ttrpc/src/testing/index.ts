// SPDX-License-Identifier: Apache-2.0
export { createMemoryPair, type MemoryPairOptions } from '../transport/memory-pair.ts';
export { HostilePeer, type ReceivedFrame } from './hostile-peer.ts';
export { transportChecks, type TransportCheck } from './transport-compliance.ts';
export {
  EchoDefinition,
  EchoMessage,
  echoService,
  type EchoClient,
  type EchoServiceImplementation,
  type EchoStreamResult,
} from './echo-definition.ts';
