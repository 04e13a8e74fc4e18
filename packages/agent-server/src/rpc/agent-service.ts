// SPDX-License-Identifier: Apache-2.0
import { AgentServiceDefinition, type AgentServiceImplementation } from '@hako/protocols/agent';
import { ServerError, Status } from 'nice-grpc-common';
import { closeStdin } from './close-stdin.ts';
import { copyFileRpc } from './copy-file.ts';
import { createContainer } from './create-container.ts';
import { createSandbox } from './create-sandbox.ts';
import { destroySandbox } from './destroy-sandbox.ts';
import { execProcess } from './exec-process.ts';
import type { RpcGate } from './gate.ts';
import { getGuestDetails } from './get-guest-details.ts';
import { readStderr } from './read-stderr.ts';
import { readStdout } from './read-stdout.ts';
import { removeContainer } from './remove-container.ts';
import { reseedRandomDev } from './reseed-random-dev.ts';
import type { HandlerFactory, MethodName, RpcCall, RpcContext } from './rpc-context.ts';
import { setGuestDateTime } from './set-guest-date-time.ts';
import { signalProcess } from './signal-process.ts';
import { startContainer } from './start-container.ts';
import { statsContainer } from './stats-container.ts';
import { statusOfError } from './status-of-error.ts';
import { ttyWinResize } from './tty-win-resize.ts';
import { waitProcess } from './wait-process.ts';
import { writeStdin } from './write-stdin.ts';

/** The methods this agent has; every other one of the descriptor answers UNIMPLEMENTED. */
export const agentHandlers = {
  createContainer,
  startContainer,
  removeContainer,
  execProcess,
  signalProcess,
  waitProcess,
  statsContainer,
  writeStdin,
  readStdout,
  readStderr,
  closeStdin,
  ttyWinResize,
  createSandbox,
  destroySandbox,
  getGuestDetails,
  setGuestDateTime,
  reseedRandomDev,
  copyFile: copyFileRpc,
} as const satisfies { readonly [Name in MethodName]?: HandlerFactory<Name> };

type AnyHandler = (request: unknown, call: RpcCall) => Promise<unknown>;

function handlerOf(name: MethodName, context: RpcContext): AnyHandler | undefined {
  const factories: Readonly<Partial<Record<MethodName, unknown>>> = agentHandlers;
  const factory = factories[name];
  if (typeof factory !== 'function') return undefined;
  // The table above has been checked method by method; here only its common shape is left.
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- see above
  return Reflect.apply(factory, undefined, [context]) as AnyHandler;
}

/**
 * The agent's service: for each method of the descriptor its handler behind the gate, errors translated once.
 */
export function createAgentService(context: RpcContext, gate: RpcGate): AgentServiceImplementation {
  const { logger } = context.components;

  function implement(method: MethodName, wireName: string): AnyHandler {
    const handler = handlerOf(method, context);
    return async (request, call) => {
      try {
        await gate({ method, request });
        if (handler === undefined)
          throw new ServerError(Status.UNIMPLEMENTED, `${wireName} is not implemented`);
        return await handler(request, call);
      } catch (error) {
        // The client has gone or has been answered already; what is thrown reaches nobody.
        if (call.signal.aborted) throw error;
        const status = statusOfError(error, method);
        if (status !== undefined) throw status;
        const stack = error instanceof Error ? error.stack : undefined;
        logger.error({ method: wireName, error, stack }, 'handler failed');
        throw new ServerError(Status.INTERNAL, 'internal error');
      }
    };
  }

  const implementation: Partial<Record<MethodName, AnyHandler>> = {};
  for (const [name, { name: wireName }] of Object.entries(AgentServiceDefinition.methods)) {
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- Object.entries forgets that keys are method names
    const method = name as MethodName;
    implementation[method] = implement(method, wireName);
  }
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the loop has filled in every method of the descriptor
  return implementation as AgentServiceImplementation;
}
