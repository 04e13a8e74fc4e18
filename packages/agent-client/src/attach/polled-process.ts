// SPDX-License-Identifier: Apache-2.0
import { AgentClientError } from '../agent-client-error.ts';
import type { ProcessCalls, ProcessId } from '../calls/process-calls.ts';
import { createProcessInput, type InputCalls } from '../process-input.ts';
import type { AttachedProcess, AttachedWaitOptions } from './attached-process.ts';
import { unlessAborted } from '../unless-aborted.ts';

/** Bytes asked for in one read: what a Linux pipe holds by default, see pipe(7). */
const readBytes = 64 * 1024;

/** The calls that a process is polled by, as far as their answers matter. */
export interface PolledCalls
  extends Pick<ProcessCalls, 'readStdout' | 'readStderr' | 'waitProcess'>, InputCalls {
  ttyWinResize(...call: Parameters<ProcessCalls['ttyWinResize']>): Promise<unknown>;
}

function letGo(): AgentClientError {
  return new AgentClientError('closed', 'process was let go of');
}

/** The limits of a call that ends with this attachment. */
type Limits = { readonly signal: AbortSignal };

/** Attaches to a process by the calls that every agent has: one read after the other, and a wait at the end. */
export function pollProcess(calls: PolledCalls, process: ProcessId): AttachedProcess {
  const closed = new AbortController();
  const ends = { stdout: Promise.withResolvers<undefined>(), stderr: Promise.withResolvers<undefined>() };
  const input = createProcessInput(calls, process);
  const isClosed = (): boolean => closed.signal.aborted;

  async function limited<T>(
    signal: AbortSignal | undefined,
    call: (limits: Limits) => Promise<T>,
  ): Promise<T> {
    if (isClosed()) throw letGo();
    try {
      return await call({
        signal: signal === undefined ? closed.signal : AbortSignal.any([signal, closed.signal]),
      });
    } catch (error) {
      throw isClosed() ? letGo() : error;
    }
  }

  return {
    async read(output, { signal } = {}) {
      const request = { ...process, len: readBytes };
      const { data } = await limited(signal, (limits) =>
        output === 'stdout' ? calls.readStdout(request, limits) : calls.readStderr(request, limits),
      );
      if (data.length === 0) ends[output].resolve(undefined);
      return data;
    },
    discard(output) {
      ends[output].resolve(undefined);
    },
    write: (data, { signal } = {}) =>
      // A program may leave its input unread as long as it likes.
      limited(signal, (limits) => input.write(data, { ...limits, timeoutMs: Infinity })),
    closeStdin: ({ signal } = {}) => limited(signal, (limits) => input.close(limits)),
    async resize({ rows, columns }, { signal } = {}) {
      await limited(signal, (limits) =>
        calls.ttyWinResize({ ...process, row: rows, column: columns }, limits),
      );
    },
    /** The first answer to WaitProcess closes the streams in the guest, so it is asked for only after their end. */
    async wait({ signal }: AttachedWaitOptions = {}) {
      const outputEnds = Promise.all([ends.stdout.promise, ends.stderr.promise]);
      const { status } = await limited(signal, async (limits) => {
        await unlessAborted(outputEnds, limits.signal, 'wait for the process');
        return await calls.waitProcess(process, limits);
      });
      return status;
    },
    close: () => closed.abort(),
  };
}
