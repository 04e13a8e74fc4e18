// SPDX-License-Identifier: Apache-2.0
export type { CallSpec, Instruction, JsonMessage, LoadSpec, Outcome } from './driver-protocol.ts';
export { parseInstruction } from './driver-protocol.ts';
export { DriverProcess, type PendingCall } from './driver-process.ts';
export {
  type DownloadRequest,
  type EchoReply,
  type EchoRequest,
  type InteropClient,
  InteropDefinition,
  type Payload,
} from './generated/hako/interop/v1/interop.ts';
export { Pair } from './pair.ts';
export { runLoadWith } from './peer/load.ts';
export { buildPrograms } from './programs/build-program.ts';
export { type Availability, type Implementation, nodeProgram, type Program } from './programs/program.ts';
export { ServerProcess } from './server-process.ts';
