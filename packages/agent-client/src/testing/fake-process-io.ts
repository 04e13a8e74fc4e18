// SPDX-License-Identifier: Apache-2.0
import type {
  AttachRequest,
  AttachResponse,
  ProcessIOServiceImplementation,
} from '@hako/protocols/process-io';
import { ServerError, Status } from 'nice-grpc-common';
import { MessageQueue } from '../attach/message-queue.ts';
import { settledOrAborted } from './byte-channel.ts';
import type { FakeProcess } from './fake-process.ts';

/** Bytes of input that the fake takes ahead of its program. */
const inputWindowBytes = 64 * 1024;

/** Finds a process, or throws the status for one that does not exist. */
export type FindProcess = (containerId: string, execId: string) => FakeProcess;

type Answer = NonNullable<AttachResponse['content']>;

class Credit {
  #bytes = 0;
  #change = Promise.withResolvers<undefined>();

  add(bytes: number): void {
    this.#bytes += bytes;
    this.#change.resolve(undefined);
    this.#change = Promise.withResolvers<undefined>();
  }

  take(bytes: number): void {
    this.#bytes -= bytes;
  }

  async some(signal: AbortSignal): Promise<number> {
    while (this.#bytes <= 0) await settledOrAborted(this.#change.promise, signal);
    return this.#bytes;
  }
}

/** `hako.agent.v1.ProcessIO` of the fake agent: credit is kept, input is granted again when it arrives. */
export function fakeProcessIo(find: FindProcess): ProcessIOServiceImplementation {
  return {
    async *attach(requests, { signal }) {
      const iterator = requests[Symbol.asyncIterator]();
      const first = await iterator.next();
      const content = first.done === true ? undefined : first.value.content;
      if (content?.$case !== 'process') throw new ServerError(Status.INVALID_ARGUMENT, 'no process named');
      const process = find(content.value.containerId, content.value.execId);
      const answers = new MessageQueue<{ content: Answer }>();
      const answer = (it: Answer): void => answers.push({ content: it });
      answer({ $case: 'attached', value: { terminal: process.spec?.Terminal ?? false } });
      answer({ $case: 'stdinCredit', value: inputWindowBytes });
      const credit = { stdout: new Credit(), stderr: new Credit() };
      const served = serve(process, iterator, credit, answer).finally(() => answers.close());
      const told = tell(process, credit, answer, signal);
      for (const work of [served, told]) work.catch(() => answers.close());
      yield* answers;
      await served;
    },
  };
}

async function serve(
  process: FakeProcess,
  requests: AsyncIterator<AttachRequest>,
  credit: Readonly<Record<'stdout' | 'stderr', Credit>>,
  answer: (it: Answer) => void,
): Promise<void> {
  for (;;) {
    const next = await requests.next();
    const content = next.done === true ? undefined : next.value.content;
    switch (content?.$case) {
      case 'stdin':
        process.receiveInput(content.value);
        answer({ $case: 'stdinCredit', value: content.value.length });
        break;
      case 'stdinEnd':
        process.receiveInput(new Uint8Array(0));
        break;
      case 'resize':
        process.size = { row: content.value.rows, column: content.value.columns };
        break;
      case 'signal':
        process.receive(content.value);
        break;
      case 'stdoutCredit':
        credit.stdout.add(content.value);
        break;
      case 'stderrCredit':
        credit.stderr.add(content.value);
        break;
      case 'process':
        throw new ServerError(Status.INVALID_ARGUMENT, 'named twice');
      // Ports are offered by the real agent only; a client without one does as before.
      case 'outputPort':
      case 'portReady':
        break;
      case 'release':
      case undefined:
        return;
    }
  }
}

async function tell(
  process: FakeProcess,
  credit: Readonly<Record<'stdout' | 'stderr', Credit>>,
  answer: (it: Answer) => void,
  signal: AbortSignal,
): Promise<void> {
  const pump = async (output: 'stdout' | 'stderr'): Promise<void> => {
    for (;;) {
      const value = await process.readOutput(output, await credit[output].some(signal), signal);
      if (value.length === 0) break;
      credit[output].take(value.length);
      answer({ $case: output, value });
    }
    answer({ $case: `${output}End`, value: {} });
  };
  await Promise.all([pump('stdout'), pump('stderr')]);
  answer({ $case: 'exit', value: await settledOrAborted(process.exited, signal) });
}
