// SPDX-License-Identifier: Apache-2.0
import type { AgentServiceImplementation } from '@hako/protocols/agent';
import type { AttachResponse, ProcessName } from '@hako/protocols/process-io';
import type { Container } from '../../container/container.ts';
import type { GuestProcess } from '../../process/guest-process.ts';
import type { RpcGate } from '../gate.ts';
import type { RpcCall, RpcContext } from '../rpc-context.ts';
import type { Outbox } from './outbox.ts';
import type { PortRoad } from './port-road.ts';

/** What one message says. */
export type Answer = NonNullable<AttachResponse['content']>;

/** The calls of the agent's service that messages of a stream stand for. */
export type ProcessCall = Extract<
  keyof AgentServiceImplementation,
  'readStdout' | 'readStderr' | 'writeStdin' | 'closeStdin' | 'ttyWinResize' | 'signalProcess' | 'waitProcess'
>;

/** A process, and the stream somebody is attached to it by. */
export interface AttachedProcess {
  readonly context: RpcContext;
  readonly gate: RpcGate;
  readonly name: ProcessName;
  readonly container: Container;
  readonly process: GuestProcess;
  readonly outbox: Outbox<Answer>;
  /** The client's other road for output. */
  readonly port: PortRoad;
  /** The stream as a call; its signal is aborted when it is over. */
  readonly call: RpcCall;
}
