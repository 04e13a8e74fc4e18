// SPDX-License-Identifier: Apache-2.0
import { EventEmitter, once } from 'node:events';
import { duplexPair, type Duplex } from 'node:stream';
import { LineSplitter } from '../qmp/line-splitter.ts';

/** One command as the server got it. */
export interface ReceivedQmpCommand {
  readonly execute: string;
  readonly arguments?: unknown;
  readonly id?: unknown;
}

/**
 * What a scripted server does with a command: answer with a value, refuse it with QEMU's class and text, or say
 * nothing at all (`'silence'`).
 */
export type QmpAnswer =
  | { readonly return: unknown }
  | { readonly error: { readonly class: string; readonly desc: string } }
  | 'silence';

/** Options of {@link FakeQmpServer}. */
export interface FakeQmpServerOptions {
  /** Answers by command; without one a command gets an empty object. */
  readonly answers?: Readonly<Record<string, (command: ReceivedQmpCommand) => QmpAnswer>>;
  /** Version in the greeting. Default 7.2. */
  readonly version?: { readonly major: number; readonly minor: number };
  /** Sends the greeting at once. Default true. */
  readonly greets?: boolean;
}

const maximumLineBytes = 1024 * 1024;

/** The other end of a QMP connection, in memory: answers by script and does on demand what a real QEMU rarely does. */
export class FakeQmpServer {
  /** The end to give to a client. */
  readonly clientEnd: Duplex;
  readonly received: ReceivedQmpCommand[] = [];
  readonly #arrivals = new EventEmitter();
  readonly #stream: Duplex;
  readonly #options: FakeQmpServerOptions;
  readonly #splitter = new LineSplitter(maximumLineBytes);

  constructor(options: FakeQmpServerOptions = {}) {
    const [client, server] = duplexPair();
    this.clientEnd = client;
    this.#stream = server;
    this.#options = options;
    server.on('data', (chunk: Uint8Array) => {
      for (const line of this.#splitter.push(chunk)) this.#answer(line);
    });
    // The client closing its end is the end of the conversation, as on a socket.
    client.once('close', () => server.destroy());
    if (options.greets !== false) this.greet();
  }

  greet(): void {
    const qemu = { ...(this.#options.version ?? { major: 7, minor: 2 }), micro: 0 };
    this.send({ QMP: { version: { qemu, package: '' }, capabilities: ['oob'] } });
  }

  emit(event: string, data: unknown = {}): void {
    this.send({ event, data, timestamp: { seconds: 0, microseconds: 0 } });
  }

  send(message: object): void {
    this.sendRaw(`${JSON.stringify(message)}\r\n`);
  }

  sendRaw(bytes: string | Uint8Array): void {
    this.#stream.write(bytes);
  }

  /** Fulfils with the first command of this name, now or later. */
  async command(execute: string): Promise<ReceivedQmpCommand> {
    for (;;) {
      const found = this.received.find((command) => command.execute === execute);
      if (found !== undefined) return found;
      await once(this.#arrivals, 'command');
    }
  }

  /** Ends the connection as QEMU's death does. */
  close(): void {
    this.#stream.end();
  }

  /** Fulfils once the client has closed its end. */
  async clientClosed(): Promise<void> {
    if (!this.#stream.destroyed) await once(this.#stream, 'close');
  }

  #answer(line: string): void {
    const command = parseCommand(line);
    this.received.push(command);
    this.#arrivals.emit('command');
    const answer = this.#options.answers?.[command.execute]?.(command) ?? { return: {} };
    if (answer !== 'silence') this.send({ ...answer, id: command.id });
  }
}

function parseCommand(line: string): ReceivedQmpCommand {
  const parsed: unknown = JSON.parse(line);
  if (
    typeof parsed === 'object' &&
    parsed !== null &&
    'execute' in parsed &&
    typeof parsed.execute === 'string'
  ) {
    return { ...parsed, execute: parsed.execute };
  }
  throw new Error(`not a command: ${line}`);
}
