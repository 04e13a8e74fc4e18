// SPDX-License-Identifier: Apache-2.0
import { Output, Refusal_Request, type AttachRequest, type AttachResponse } from '@hako/protocols/process-io';
import { Status } from 'nice-grpc-common';
import { AgentClientError } from '../agent-client-error.ts';
import type { Caller } from '../caller.ts';
import type { ProcessId } from '../calls/process-calls.ts';
import { printableGuestText } from '../guest-text.ts';
import { unlessAborted } from '../unless-aborted.ts';
import type { AttachedProcess, AttachedWaitOptions, OutputName } from './attached-process.ts';
import { InputCredit } from './input-credit.ts';
import { MessageQueue } from './message-queue.ts';
import type { OutputPort } from './output-port.ts';
import { OutputQueue } from './output-queue.ts';
import { PortOutput } from './port-output.ts';
import { isUnknownService, unknownService } from './unknown-service.ts';

/** Most bytes of input in one message: what a Linux pipe holds by default. */
const maxPieceBytes = 64 * 1024;

type Question = NonNullable<AttachRequest['content']>;
type Answer = NonNullable<AttachResponse['content']>;

/** A process attached to by one stream of `hako.agent.v1.ProcessIO`. */
export class StreamedProcess implements AttachedProcess {
  /** Whether the agent knows the service; rejects when attaching fails for another reason. */
  readonly known: Promise<boolean>;
  readonly #questions = new MessageQueue<{ readonly content: Question }>();
  readonly #abort = new AbortController();
  readonly #known = Promise.withResolvers<boolean>();
  readonly #exit = Promise.withResolvers<number>();
  readonly #credit = new InputCredit();
  readonly #outputs: Readonly<Record<OutputName, OutputQueue>>;
  /** Undefined when there is none, and once the agent has asked for it. */
  #port: OutputPort | undefined;
  readonly #portOutputs: Readonly<Record<OutputName, PortOutput>>;
  #writing: Promise<unknown> = Promise.resolve();
  #exitCode: number | undefined;

  /** @param port - what much output may come over, instead of the stream */
  constructor(call: Caller, process: ProcessId, port?: OutputPort) {
    this.#port = port;
    this.known = this.#known.promise;
    const output = (kind: 'stdoutCredit' | 'stderrCredit'): OutputQueue =>
      new OutputQueue((value) => this.#ask({ $case: kind, value }));
    this.#ask({ $case: 'process', value: { containerId: process.containerId, execId: process.execId } });
    if (port !== undefined) this.#ask({ $case: 'outputPort', value: { name: port.name } });
    const [stdout, stderr] = [output('stdoutCredit'), output('stderrCredit')];
    this.#outputs = { stdout, stderr };
    this.#portOutputs = { stdout: new PortOutput(stdout), stderr: new PortOutput(stderr) };
    // Each of them may be nobody's concern.
    for (const promise of [this.known, this.#exit.promise]) promise.catch(() => undefined);
    this.#converse(call).catch((error: unknown) => this.#end(error));
  }

  async read(name: OutputName, { signal }: AttachedWaitOptions = {}): Promise<Uint8Array> {
    const output = this.#outputs[name];
    while (!output.ready) await unlessAborted(output.change(), signal, 'read of output');
    return output.take();
  }

  discard(name: OutputName): void {
    this.#outputs[name].discard();
  }

  async write(data: Uint8Array, options: AttachedWaitOptions = {}): Promise<void> {
    await this.#inTurn(options, async (signal) => {
      for (let offset = 0; offset < data.length;) {
        const bytes = this.#credit.take(Math.min(data.length - offset, maxPieceBytes));
        if (bytes === 0) await unlessAborted(this.#credit.change, signal, 'write to standard input');
        else this.#ask({ $case: 'stdin', value: data.slice(offset, offset + bytes) });
        offset += bytes;
      }
    });
  }

  async closeStdin(options: AttachedWaitOptions = {}): Promise<void> {
    await this.#inTurn(options, () => {
      this.#ask({ $case: 'stdinEnd', value: {} });
      return Promise.resolve();
    });
  }

  resize({ rows, columns }: { readonly rows: number; readonly columns: number }): Promise<void> {
    this.#ask({ $case: 'resize', value: { rows, columns } });
    return Promise.resolve();
  }

  wait({ signal }: AttachedWaitOptions = {}): Promise<number> {
    return unlessAborted(this.#exit.promise, signal, 'wait for the process');
  }

  close(): void {
    this.#end(new AgentClientError('closed', 'process was let go of'));
    this.#abort.abort();
  }

  #ask(content: Question): void {
    this.#questions.push({ content });
  }

  /** Lets writers send one after the other; one that gives up lets the next one in. */
  async #inTurn(
    { signal }: AttachedWaitOptions,
    work: (signal: AbortSignal | undefined) => Promise<void>,
  ): Promise<void> {
    const turn = this.#writing;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#writing = turn.then(() => promise);
    try {
      await unlessAborted(turn, signal, 'write to standard input');
      this.#credit.throwIfFailed();
      await work(signal);
    } finally {
      resolve(undefined);
    }
  }

  async #converse(call: Caller): Promise<void> {
    await call('AttachRequest', { signal: this.#abort.signal }, async ({ processIo, findings }, options) => {
      if (findings.processIoIsMissing) throw unknownService();
      try {
        for await (const { content } of processIo.attach(this.#questions, options)) {
          if (content !== undefined) this.#onAnswer(content);
        }
      } catch (error) {
        findings.processIoIsMissing ||= isUnknownService(error);
        throw error;
      }
    });
    this.#end(new AgentClientError('protocol_violation', 'agent has ended the stream of a process early'));
  }

  #onAnswer(answer: Answer): void {
    const { stdout, stderr } = this.#outputs;
    switch (answer.$case) {
      case 'attached':
        this.#known.resolve(true);
        return;
      case 'stdout':
      case 'stderr': {
        const output = this.#outputs[answer.$case];
        output.spend(answer.value.length);
        output.push(answer.value);
        return;
      }
      case 'stdoutEnd':
        stdout.finish();
        return;
      case 'stderrEnd':
        stderr.finish();
        return;
      case 'stdinCredit':
        this.#credit.add(answer.value);
        return;
      case 'refusal':
        if (answer.value.request === Refusal_Request.REQUEST_STDIN) this.#credit.fail(refused(answer.value));
        return;
      case 'portWanted':
        this.#connectPort();
        return;
      case 'portUsed':
        this.#portOutputOf(answer.value).use();
        return;
      case 'portEnd':
        this.#portOutputOf(answer.value.output).end(answer.value.bytes);
        return;
      case 'exit':
        this.#exitCode = answer.value;
        this.#credit.fail(new AgentClientError('rpc_failed', 'process has ended', stdinGone));
        this.#ask({ $case: 'release', value: {} });
        this.#questions.close();
    }
  }

  /** What comes over a port that cannot be reached goes on coming over the stream. */
  #connectPort(): void {
    const port = this.#port;
    if (port === undefined) return;
    this.#port = undefined;
    const { token } = port;
    const [stdout, stderr] = [this.#portOutputs.stdout.join(port), this.#portOutputs.stderr.join(port)];
    port.connect().then(
      () => this.#ask({ $case: 'portReady', value: { token, stdout, stderr } }),
      () => undefined,
    );
  }

  #portOutputOf(output: Output): PortOutput {
    return this.#portOutputs[output === Output.OUTPUT_STDERR ? 'stderr' : 'stdout'];
  }

  /**
   * The stream is over. An exit code that has come counts whatever happened then; it is told only now, when the agent has
   * forgotten the process, so that whoever disconnects next leaves nothing behind.
   */
  #end(error: unknown): void {
    if (isUnknownService(error)) this.#known.resolve(false);
    else this.#known.reject(error);
    if (this.#exitCode === undefined) this.#exit.reject(error);
    else this.#exit.resolve(this.#exitCode);
    this.#credit.fail(error);
    const hasExited = this.#exitCode !== undefined;
    for (const output of Object.values(this.#portOutputs)) output.streamEnded(error, { hasExited });
    this.#questions.close();
  }
}

const stdinGone = { request: 'WriteStdinRequest', status: Status.INTERNAL };

function refused({ code, message }: { readonly code: number; readonly message: string }): AgentClientError {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the wire carries the number of a status
  const status: Status = code;
  return new AgentClientError(
    'rpc_failed',
    `WriteStdinRequest failed with ${Status[status]}: ${printableGuestText(message)}`,
    { request: 'WriteStdinRequest', status, guestText: message },
  );
}
