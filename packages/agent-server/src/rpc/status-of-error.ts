// SPDX-License-Identifier: Apache-2.0
import { ProtocolsError } from '@hako/protocols';
import { ServerError, Status } from 'nice-grpc-common';
import { AgentError, type AgentErrorCode } from '../errors/agent-error.ts';
import { describeError, errnoName } from '../errors/describe-error.ts';
import type { MethodName } from './rpc-context.ts';

/** Calls that say INVALID_ARGUMENT for a container that does not exist; the others say INTERNAL. */
const containerIsArgument: ReadonlySet<MethodName> = new Set<MethodName>([
  'signalProcess',
  'waitProcess',
  'readStdout',
  'readStderr',
  'closeStdin',
  'ttyWinResize',
  'updateContainer',
  'statsContainer',
  'pauseContainer',
  'resumeContainer',
]);

/** Calls that say NOT_FOUND for a process that does not exist; hosts take it for "already gone". */
const processMayBeGone: ReadonlySet<MethodName> = new Set<MethodName>([
  'signalProcess',
  'waitProcess',
  'readStdout',
  'readStderr',
  'closeStdin',
  'ttyWinResize',
]);

function statusOfCode(code: AgentErrorCode, method: MethodName): Status {
  switch (code) {
    case 'container_not_found':
      return containerIsArgument.has(method) ? Status.INVALID_ARGUMENT : Status.INTERNAL;
    case 'process_not_found':
      return processMayBeGone.has(method) ? Status.NOT_FOUND : Status.INTERNAL;
    case 'not_a_terminal':
      return Status.UNAVAILABLE;
    case 'invalid_request':
    case 'invalid_container_id':
    case 'invalid_exec_id':
    case 'invalid_spec':
    case 'invalid_option':
    case 'container_exists':
    case 'process_exists':
    case 'sandbox_exists':
    case 'invalid_state':
    case 'stream_closed':
    case 'path_refused':
    case 'program_not_found':
    case 'program_not_executable':
    case 'runtime_failed':
    case 'storage_failed':
    case 'unknown_storage_driver':
    case 'device_failed':
    case 'unknown_device_type':
    case 'link_not_found':
    case 'helper_failed':
    case 'system_failed':
    case 'timed_out':
    case 'shutting_down':
      return Status.INTERNAL;
  }
}

/**
 * What a client is told about a failure. The text begins with the code of an {@link AgentError}, or with the errno name of a
 * failed system call.
 *
 * @returns undefined for an error nobody foresaw; it belongs into the log, not on the wire
 */
export function statusOfError(error: unknown, method: MethodName): ServerError | undefined {
  if (error instanceof ServerError) return error;
  if (error instanceof AgentError) {
    return new ServerError(statusOfCode(error.code, method), `${error.code}: ${describeError(error)}`);
  }
  if (error instanceof ProtocolsError)
    return new ServerError(Status.INTERNAL, `${error.code}: ${describeError(error)}`);
  if (errnoName(error) !== undefined) return new ServerError(Status.INTERNAL, describeError(error));
  return undefined;
}
