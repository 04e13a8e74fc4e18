// SPDX-License-Identifier: Apache-2.0
import type { AgentServiceImplementation } from '@hako/protocols/agent';
import type { AgentComponents } from '../agent-components.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** What every handler works with. */
export interface RpcContext {
  readonly components: AgentComponents;
  readonly sandbox: Sandbox;
}

/** What a handler knows about its call. */
export interface RpcCall {
  /** Aborted when the client is gone, has given up, or its time is over. */
  readonly signal: AbortSignal;
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
