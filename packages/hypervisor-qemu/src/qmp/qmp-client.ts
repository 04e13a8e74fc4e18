// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { HypervisorError, openDeadline, raceWithSignal, type WaitOptions } from '@hako/hypervisor';
import { EventQueue } from './event-queue.ts';
import type { QmpCommands } from './generated/qmp-types.ts';
import { LineSplitter } from './line-splitter.ts';
import { QmpError } from './qmp-error.ts';
import { parseQmpMessage, type QmpEvent, type QmpMessage } from './qmp-message.ts';

/** Longest line taken from the monitor. The longest known answer, `query-qmp-schema`, has 0.2 MiB. */
const maximumLineBytes = 4 * 1024 * 1024;
/** Events kept for one slow listener. */
const eventQueueCapacity = 256;
const defaultCommandTimeoutMs = 5_000;
/** First QEMU whose QMP has all that the driver sends; upstream's runtime draws the same line. */
const oldestMajorVersion = 5;

/**
 * Sends bytes over a connected unix socket, and open files along with them: all at once, or an error. Nothing may be waiting
 * in the stream.
 */
export type SendDescriptors = (stream: Duplex, bytes: Uint8Array, descriptors: readonly number[]) => void;

/** How one command is sent. */
export interface CommandOptions extends WaitOptions {
  /** Open files of this process that QEMU shall have; they stay open here. */
  readonly descriptors?: readonly number[];
}

/** How a {@link QmpClient} is made. */
export interface QmpClientOptions extends WaitOptions {
  /** Loads what sends open files, when the first one is to be sent. Without it none can be. */
  readonly loadSendDescriptors?: (() => Promise<SendDescriptors>) | undefined;
}

interface PendingCommand {
  readonly command: string;
  readonly outcome: PromiseWithResolvers<unknown>;
}

/** Where events go. */
interface Listener {
  readonly push: (event: QmpEvent) => void;
  readonly close: (error: Error) => void;
}

type Greeting = Extract<QmpMessage, { kind: 'greeting' }>;

/**
 * A client of one QMP connection. Commands carry ids and may overlap; each has its own deadline and abort, after
 * which its late answer is dropped. The end of the connection fails everything that is pending, with one error.
 */
export class QmpClient implements Disposable {
  readonly #stream: Duplex;
  readonly #splitter = new LineSplitter(maximumLineBytes);
  readonly #pending = new Map<number, PendingCommand>();
  readonly #listeners = new Set<Listener>();
  readonly #loadSendDescriptors: QmpClientOptions['loadSendDescriptors'];
  readonly #greeting = Promise.withResolvers<Greeting>();
  #nextId = 1;
  #ended: QmpError | undefined;

  private constructor(stream: Duplex, { loadSendDescriptors }: QmpClientOptions) {
    this.#stream = stream;
    this.#loadSendDescriptors = loadSendDescriptors;
    // Nobody may be waiting for the greeting when the connection ends.
    this.#greeting.promise.catch(() => undefined);
    stream.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    stream.once('error', (cause) =>
      this.#end(new QmpError('connection_lost', 'monitor connection broke', { cause })),
    );
    stream.once('close', () => this.#end(new QmpError('connection_lost', 'monitor connection was closed')));
    stream.once('end', () =>
      this.#end(new QmpError('connection_lost', 'monitor connection was closed by QEMU')),
    );
  }

  /**
   * Takes a connected stream, waits for the greeting and negotiates. On failure the stream is destroyed.
   *
   * @throws QmpError `connection_lost` | `protocol_violation` | `unsupported_version`
   * @throws HypervisorError `timeout` (default 5000 ms) | `aborted`
   */
  static async connect(stream: Duplex, options: QmpClientOptions = {}): Promise<QmpClient> {
    const client = new QmpClient(stream, options);
    try {
      using deadline = openDeadline('waiting for the monitor greeting', options, defaultCommandTimeoutMs);
      const { major, minor } = await deadline.race(client.#greeting.promise);
      if (major < oldestMajorVersion) {
        throw new QmpError(
          'unsupported_version',
          `QEMU ${major}.${minor} is older than ${oldestMajorVersion}.0`,
        );
      }
      await client.execute('qmp_capabilities', {}, { signal: deadline.signal, timeoutMs: Infinity });
      return client;
    } catch (error) {
      client[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Sends one command and answers with what QEMU returns. Default `timeoutMs` 5000. Abort gives up the wait; QEMU may
   * still carry the command out.
   *
   * @throws QmpError `command_failed` (with QEMU's class) | `connection_lost` | `protocol_violation`
   * @throws HypervisorError `timeout` | `aborted` | `unsupported` and `monitor_failed` for open files that cannot be sent
   */
  async execute<Name extends keyof QmpCommands>(
    command: Name,
    args: QmpCommands[Name]['arguments'],
    options: CommandOptions = {},
  ): Promise<QmpCommands[Name]['returns']> {
    using deadline = openDeadline(`monitor command ${command}`, options, defaultCommandTimeoutMs);
    if (this.#ended !== undefined) throw this.#ended;
    const id = this.#nextId++;
    const outcome = Promise.withResolvers<unknown>();
    // While open files are on their way nobody waits for the answer yet.
    outcome.promise.catch(() => undefined);
    this.#pending.set(id, { command, outcome });
    try {
      const line = `${JSON.stringify({ execute: command, arguments: args, id })}\n`;
      if (options.descriptors === undefined) this.#stream.write(line);
      else await deadline.race(this.#sendWith(options.descriptors, command, line, deadline.signal));
      // QEMU's schema gives the answer this command's type.
      return await raceWithSignal(outcome.promise, deadline.signal);
    } finally {
      this.#pending.delete(id);
    }
  }

  /**
   * Events from now on, in order. Bounded: see {@link EventQueue}. Ends when the signal fires; ends or rejects with the
   * connection.
   *
   * @param names - Those that are wanted: a guest can cause others without number.
   */
  events<Name extends QmpEvent['event']>(
    names: readonly Name[],
    signal?: AbortSignal,
  ): EventQueue<QmpEvent<Name>> {
    const wanted: ReadonlySet<string> = new Set(names);
    const queue = new EventQueue<QmpEvent<Name>>(eventQueueCapacity, () => {
      this.#listeners.delete(listener);
      signal?.removeEventListener('abort', onAbort);
    });
    const listener: Listener = {
      push(event) {
        // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- its name is one of these
        if (wanted.has(event.event)) queue.push(event as QmpEvent<Name>);
      },
      close: (error) => queue.close(error),
    };
    const onAbort = () => queue.close();
    this.#listeners.add(listener);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (this.#ended !== undefined) queue.close(this.#ended);
    else if (signal?.aborted === true) queue.close();
    return queue;
  }

  /** Drops the connection at once; everything pending fails with `connection_lost`. */
  [Symbol.dispose](): void {
    this.#end(new QmpError('connection_lost', 'monitor connection was dropped'));
  }

  async #sendWith(
    descriptors: readonly number[],
    command: string,
    line: string,
    signal: AbortSignal,
  ): Promise<void> {
    const send = await this.#loadSendDescriptors?.();
    if (send === undefined) {
      throw new HypervisorError('unsupported', `monitor command ${command} needs open files to be sent`, {
        operand: command,
      });
    }
    // They go past the stream, so what is in it goes first.
    while (this.#stream.writableLength > 0 && this.#ended === undefined) {
      await new Promise((resolve) => this.#stream.write('', resolve));
    }
    if (this.#ended !== undefined) throw this.#ended;
    // Whoever has given up may have closed the files, and their numbers may be those of others.
    signal.throwIfAborted();
    try {
      send(this.#stream, Buffer.from(line), descriptors);
    } catch (cause) {
      throw new HypervisorError('monitor_failed', `monitor command ${command} could not be sent`, {
        operand: command,
        cause,
      });
    }
  }

  #receive(chunk: Uint8Array): void {
    if (this.#ended !== undefined) return;
    try {
      for (const line of this.#splitter.push(chunk)) this.#dispatch(parseQmpMessage(line));
    } catch (error) {
      this.#end(
        error instanceof QmpError ? error : new QmpError('protocol_violation', 'bad line', { cause: error }),
      );
    }
  }

  #dispatch(message: QmpMessage): void {
    switch (message.kind) {
      case 'greeting':
        this.#greeting.resolve(message);
        return;
      case 'event':
        this.#deliver(message.name, message.data);
        return;
      case 'return':
        this.#settle(message.id)?.outcome.resolve(message.value);
        return;
      case 'error': {
        const pending = this.#settle(message.id);
        const { description, qemuClass } = message;
        const command = pending?.command ?? 'unknown';
        const text = `monitor command ${command} failed: ${description}`;
        pending?.outcome.reject(new QmpError('command_failed', text, { command, qemuClass }));
        return;
      }
      default:
        message satisfies never;
    }
  }

  #settle(id: unknown): PendingCommand | undefined {
    return typeof id === 'number' ? this.#pending.get(id) : undefined;
  }

  #deliver(name: string, data: unknown): void {
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- QEMU's schema gives this type
    const event = { event: name, data } as QmpEvent;
    for (const listener of this.#listeners) listener.push(event);
  }

  #end(error: QmpError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#greeting.reject(error);
    for (const { outcome } of this.#pending.values()) outcome.reject(error);
    for (const listener of [...this.#listeners]) listener.close(error);
    this.#stream.destroy();
  }
}
