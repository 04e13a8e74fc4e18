// SPDX-License-Identifier: Apache-2.0
import { readStreamBytes } from '@hako/protocols';
import { AgentClientError } from './agent-client-error.ts';
import type { AgentCallOptions } from './caller.ts';
import type { ProcessCalls, ProcessId } from './calls/process-calls.ts';

/** How output is read. */
export interface OutputOptions {
  /** Aborting ends the reading with code `aborted`; bytes the guest has not sent yet stay with the process. */
  readonly signal?: AbortSignal;
  /** Most bytes per piece. Default 32 KiB, as upstream's runtime. */
  readonly maxBytes?: number;
}

type Read = ProcessCalls['readStdout'];

async function* readOutput(
  read: Read,
  process: ProcessId,
  options: OutputOptions,
): AsyncGenerator<Uint8Array, void> {
  const { signal, maxBytes: len = readStreamBytes } = options;
  if (!(Number.isInteger(len) && len > 0)) {
    throw new AgentClientError('invalid_request', `maxBytes must be an integer above 0, not ${len}`);
  }
  const callOptions: AgentCallOptions = signal === undefined ? {} : { signal };
  const request = { ...process, len };
  for (;;) {
    const { data } = await read(request, callOptions);
    if (data.length === 0) return;
    yield data;
  }
}

/**
 * Reads standard output to its end, piece by piece as the consumer asks for it: a slow consumer stops the program, not
 * the memory. With a terminal, this is its one stream of output.
 *
 * Reading to the end before `waitProcess` is how nothing gets lost: the wait consumes the process.
 */
export function readStdoutOf(
  agent: Pick<ProcessCalls, 'readStdout'>,
  process: ProcessId,
  options: OutputOptions = {},
): AsyncIterable<Uint8Array> {
  return readOutput((request, callOptions) => agent.readStdout(request, callOptions), process, options);
}

/** As {@link readStdoutOf}, for standard error. */
export function readStderrOf(
  agent: Pick<ProcessCalls, 'readStderr'>,
  process: ProcessId,
  options: OutputOptions = {},
): AsyncIterable<Uint8Array> {
  return readOutput((request, callOptions) => agent.readStderr(request, callOptions), process, options);
}
