// SPDX-License-Identifier: Apache-2.0
import { AgentClientError } from './agent-client-error.ts';
import type { AgentCallOptions } from './caller.ts';
import type { ProcessCalls, ProcessId } from './calls/process-calls.ts';

/** Most bytes sent in one request: what a Linux pipe holds by default. */
const maxPieceBytes = 64 * 1024;

/** Standard input of one process. Calls must not overlap: their order is the order of the bytes. */
export interface ProcessInput {
  /**
   * Writes all of `data`, in as many requests as the guest needs; resolves when it was taken. Empty data does nothing,
   * because on the wire it would close the stream. Each request has its own deadline.
   */
  write(data: Uint8Array, options?: AgentCallOptions): Promise<void>;
  /** Writes everything a source gives, then closes the stream. An error of the source is passed on, without closing. */
  send(source: AsyncIterable<Uint8Array>, options?: AgentCallOptions): Promise<void>;
  /** Closes the stream. */
  close(options?: AgentCallOptions): Promise<void>;
}

/** The calls that carry input. */
export interface InputCalls extends Pick<ProcessCalls, 'writeStdin'> {
  closeStdin(...call: Parameters<ProcessCalls['closeStdin']>): Promise<unknown>;
}

/** Makes the {@link ProcessInput} of a process. */
export function createProcessInput(agent: InputCalls, process: ProcessId): ProcessInput {
  const write = async (data: Uint8Array, options?: AgentCallOptions): Promise<void> => {
    let offset = 0;
    while (offset < data.length) {
      const piece = data.subarray(offset, offset + maxPieceBytes);
      const { len } = await agent.writeStdin({ ...process, data: piece }, options);
      if (len === 0 || len > piece.length) {
        throw new AgentClientError(
          'protocol_violation',
          `agent took ${len} of ${piece.length} bytes of input`,
        );
      }
      offset += len;
    }
  };
  const close = async (options?: AgentCallOptions): Promise<void> => {
    await agent.closeStdin(process, options);
  };
  return {
    write,
    close,
    async send(source, options) {
      for await (const data of source) await write(data, options);
      await close(options);
    },
  };
}
