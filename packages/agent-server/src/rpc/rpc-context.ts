// SPDX-License-Identifier: Apache-2.0
import type { AgentServiceImplementation } from '@hako/protocols/agent';
import type { Metadata } from 'nice-grpc-common';
import type { AgentComponents } from '../agent-components.ts';
import type { CallDurations } from '../metrics/call-durations.ts';
import type { OutputPorts } from '../output-port/output-ports.ts';
import type { Policy } from '../policy/policy.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { MemoryAgent } from '../system/memory-agent.ts';

/** What every handler works with. */
export interface RpcContext {
  readonly components: AgentComponents;
  readonly sandbox: Sandbox;
  readonly callDurations: CallDurations;
  readonly memoryAgent: MemoryAgent;
  readonly outputPorts: OutputPorts;
  readonly policy: Policy;
}

/** What a handler knows about its call. */
export interface RpcCall {
  /** Aborted when the client is gone, has given up, or its time is over. */
  readonly signal: AbortSignal;
  /** What the client sent beside the request, such as the span it belongs to. */
  readonly metadata: Metadata;
}

/** A method of the service, by the name it has in the generated code. */
export type MethodName = keyof AgentServiceImplementation;

/** One method of the service. */
export type Handler<Name extends MethodName> = (
  request: Parameters<AgentServiceImplementation[Name]>[0],
  call: RpcCall,
) => ReturnType<AgentServiceImplementation[Name]>;

/** Makes the handler of a method. Each RPC has one, in a file of its own. */
export type HandlerFactory<Name extends MethodName> = (context: RpcContext) => Handler<Name>;
