// SPDX-License-Identifier: Apache-2.0
import type { Caller } from '../caller.ts';
import type { ProcessId } from '../calls/process-calls.ts';
import { unlessAborted } from '../unless-aborted.ts';
import type { AttachedProcess, AttachedWaitOptions } from './attached-process.ts';
import type { OutputPort } from './output-port.ts';
import { pollProcess, type PolledCalls } from './polled-process.ts';
import { StreamedProcess } from './streamed-process.ts';

/** Attaches to a process by whichever road the agent knows. */
export interface AttachCalls {
  /**
   * Attaches to a process: by one stream of `hako.agent.v1.ProcessIO`, or by ReadStdout, WriteStdin and WaitProcess when the
   * agent does not know that service, which is found out once per connection. Begins at once and needs no answer of the
   * guest; failures show in the first wait.
   */
  attachProcess(process: ProcessId): AttachedProcess;
}

/**
 * Makes the {@link AttachCalls} of a caller.
 *
 * @param port - what much output may come over
 */
export function attachCalls(call: Caller, calls: PolledCalls, port?: OutputPort): AttachCalls {
  return { attachProcess: (process) => attachProcess(call, calls, process, port) };
}

function attachProcess(
  call: Caller,
  calls: PolledCalls,
  process: ProcessId,
  port: OutputPort | undefined,
): AttachedProcess {
  const streamed = new StreamedProcess(call, process, port);
  let isClosed = false;
  const chosen = streamed.known.then((known) => {
    const road = known ? streamed : pollProcess(calls, process);
    if (isClosed) road.close();
    return road;
  });
  chosen.catch(() => undefined);
  const road = ({ signal }: AttachedWaitOptions = {}): Promise<AttachedProcess> =>
    unlessAborted(chosen, signal, 'attaching to the process');
  return {
    read: async (output, options) => (await road(options)).read(output, options),
    discard: (output) => {
      chosen.then(
        (it) => it.discard(output),
        () => undefined,
      );
    },
    write: async (data, options) => (await road(options)).write(data, options),
    closeStdin: async (options) => (await road(options)).closeStdin(options),
    resize: async (size, options) => (await road(options)).resize(size, options),
    wait: async (options) => (await road(options)).wait(options),
    close: () => {
      isClosed = true;
      streamed.close();
      chosen.then(
        (it) => it.close(),
        () => undefined,
      );
    },
  };
}
