// SPDX-License-Identifier: Apache-2.0
import {
  ProcessIODefinition,
  type AttachRequest,
  type AttachResponse,
  type ProcessName,
} from '@hako/protocols/process-io';
import type { TestConnection } from './tested-agent.ts';

type Question = NonNullable<AttachRequest['content']>;
type Answer = NonNullable<AttachResponse['content']>;

/** What {@link AttachStream.toExit} has seen. */
export interface AttachedRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number | undefined;
  /** Every message but the pieces of output and credit, in order. */
  readonly events: readonly string[];
}

/** A client's half of one `Attach`, message by message. */
export class AttachStream implements AsyncDisposable {
  readonly #abort = new AbortController();
  readonly #unsent: Question[] = [];
  readonly #answers: AsyncIterator<AttachResponse, unknown>;
  #wake = Promise.withResolvers<undefined>();
  #isClosed = false;

  /** Opens the stream; nothing is sent but what is given to {@link AttachStream.send}. */
  constructor({ clientOf }: Pick<TestConnection, 'clientOf'>) {
    const client = clientOf(ProcessIODefinition);
    this.#answers = client.attach(this.#questions(), { signal: this.#abort.signal })[Symbol.asyncIterator]();
  }

  /** Attaches to a process and grants credit for its output. */
  static to(
    connection: Pick<TestConnection, 'clientOf'>,
    process: Partial<ProcessName>,
    creditBytes = 1_000_000,
  ): AttachStream {
    const stream = new AttachStream(connection);
    stream.send({ $case: 'process', value: { containerId: '', execId: '', ...process } });
    if (creditBytes > 0) {
      stream.send({ $case: 'stdoutCredit', value: creditBytes });
      stream.send({ $case: 'stderrCredit', value: creditBytes });
    }
    return stream;
  }

  /** Sends a message. */
  send(content: Question): void {
    this.#unsent.push(content);
    this.#wake.resolve(undefined);
  }

  /** Sends text to standard input. */
  type(text: string): void {
    this.send({ $case: 'stdin', value: Buffer.from(text) });
  }

  /** Says that no more messages come. */
  halfClose(): void {
    this.#isClosed = true;
    this.#wake.resolve(undefined);
  }

  /** The next message; undefined at the end of the stream. */
  async next(): Promise<Answer | undefined> {
    const result = await this.#answers.next();
    return result.done === true ? undefined : result.value.content;
  }

  /** The next message of a kind; those before it are thrown away. */
  async nextOf<Kind extends Answer['$case']>(kind: Kind): Promise<Extract<Answer, { $case: Kind }>> {
    for (;;) {
      const answer = await this.next();
      if (answer === undefined) throw new Error(`the stream has ended without ${kind}`);
      if (isOf(answer, kind)) return answer;
    }
  }

  /** Reads to the exit, or to the end of a stream that has none. */
  async toExit(): Promise<AttachedRun> {
    const pieces: Record<'stdout' | 'stderr', Uint8Array[]> = { stdout: [], stderr: [] };
    const events: string[] = [];
    for (;;) {
      const answer = await this.next();
      if (answer?.$case === 'stdout' || answer?.$case === 'stderr') pieces[answer.$case].push(answer.value);
      else if (answer !== undefined && answer.$case !== 'stdinCredit') events.push(answer.$case);
      if (answer !== undefined && answer.$case !== 'exit') continue;
      return {
        stdout: Buffer.concat(pieces.stdout).toString(),
        stderr: Buffer.concat(pieces.stderr).toString(),
        exit: answer?.value,
        events,
      };
    }
  }

  /** Gives the stream up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    this.halfClose();
    await this.#answers.next().catch(() => undefined);
  }

  async *#questions(): AsyncGenerator<{ content: Question }> {
    for (;;) {
      for (const content of this.#unsent.splice(0)) yield { content };
      if (this.#unsent.length > 0) continue;
      if (this.#isClosed) return;
      this.#wake = Promise.withResolvers<undefined>();
      await this.#wake.promise;
    }
  }
}

function isOf<Kind extends Answer['$case']>(
  answer: Answer,
  kind: Kind,
): answer is Extract<Answer, { $case: Kind }> {
  return answer.$case === kind;
}
