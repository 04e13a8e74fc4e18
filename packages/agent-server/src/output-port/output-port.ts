// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { createMutex, rejectOnAbort } from '../concurrency/mutex.ts';

/** Bytes of a token. */
export const tokenBytes = 16;

/** Bytes before each frame: the number of an output and the length of what follows. */
export const frameHeaderBytes = 8;

/** One client's use of a port, from its token to its leaving, or to another client's token. */
export interface PortSession {
  /** Aborted when this client is no longer at the other end. */
  readonly lost: AbortSignal;
  /**
   * Sends one frame; resolves when the kernel has taken it, and the memory may be used again.
   *
   * @param frame - {@link frameHeaderBytes} of room, then the bytes
   * @throws the reason of {@link PortSession.lost}; the frame may have arrived in part then
   */
  send(output: number, frame: Uint8Array): Promise<void>;
}

interface Use {
  readonly token: Buffer;
  readonly session: PortSession;
  readonly lose: AbortController;
}

/**
 * A virtio-serial port that carries frames of output to the one client at its other end. Whoever that is proves it by a
 * token: what a former client has left in the port on either side cannot be mistaken for its own.
 */
export class OutputPort {
  readonly #open: () => Duplex;
  readonly #joining = createMutex();
  readonly #sending = createMutex();
  #stream: Duplex | undefined;
  /** The last bytes that came from the host. */
  #heard = Buffer.alloc(0);
  #change = Promise.withResolvers<undefined>();
  #use: Use | undefined;

  /** @param open - Opens the device; may throw, as when another process holds it. */
  constructor(open: () => Duplex) {
    this.#open = open;
  }

  /**
   * Waits until a client's token is found in the port, and answers it.
   *
   * @throws the signal's reason; an error of a port that cannot be opened, or was closed meanwhile
   */
  async join(token: Uint8Array, signal: AbortSignal): Promise<PortSession> {
    using _turn = await this.#joining.acquire(signal);
    if (this.#use?.token.equals(token) === true) return this.#use.session;
    const wanted = Buffer.from(token);
    const stream = this.#opened();
    while (!this.#heard.equals(wanted)) {
      if (stream.destroyed) throw new Error('the port was closed');
      await rejectOnAbort(this.#change.promise, signal);
    }
    return await this.#begin(stream, wanted, signal);
  }

  #opened(): Duplex {
    if (this.#stream !== undefined) return this.#stream;
    const stream = this.#open();
    this.#stream = stream;
    stream.on('data', (bytes: Buffer) => {
      // Nothing but tokens comes, of which the last one counts.
      this.#heard = Buffer.concat([this.#heard, bytes]).subarray(-tokenBytes);
      this.#changed();
    });
    // What follows it, 'close', is what counts.
    stream.on('error', () => undefined);
    stream.once('end', () => stream.destroy());
    stream.once('close', () => {
      this.#stream = undefined;
      this.#heard = Buffer.alloc(0);
      this.#end('the port was closed');
      this.#changed();
    });
    return stream;
  }

  #changed(): void {
    this.#change.resolve(undefined);
    this.#change = Promise.withResolvers<undefined>();
  }

  async #begin(stream: Duplex, token: Buffer, signal: AbortSignal): Promise<PortSession> {
    this.#end('another client has come');
    using _turn = await this.#sending.acquire(signal);
    const lose = new AbortController();
    const session: PortSession = {
      lost: lose.signal,
      send: (output, frame) => this.#send(stream, lose.signal, output, frame),
    };
    await written(stream, token, lose.signal);
    this.#use = { token, session, lose };
    return session;
  }

  async #send(stream: Duplex, lost: AbortSignal, output: number, frame: Uint8Array): Promise<void> {
    using _turn = await this.#sending.acquire(lost);
    const header = new DataView(frame.buffer, frame.byteOffset, frameHeaderBytes);
    header.setUint32(0, output, true);
    header.setUint32(4, frame.length - frameHeaderBytes, true);
    await written(stream, frame, lost);
  }

  #end(why: string): void {
    this.#use?.lose.abort(new Error(why));
    this.#use = undefined;
  }
}

async function written(stream: Duplex, bytes: Uint8Array, lost: AbortSignal): Promise<void> {
  const done = Promise.withResolvers<undefined>();
  stream.write(bytes, (error) => {
    if (error === null || error === undefined) done.resolve(undefined);
    else done.reject(lost.aborted ? lost.reason : error);
  });
  await done.promise;
}
