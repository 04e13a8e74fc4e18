// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';
import { compose, type Duplex, duplexPair, Transform } from 'node:stream';

/** The longest piece that a {@link FakeOutputPort} delivers at once. */
const longestPiece = 100_000;

/** A virtio-serial port without a machine: what the guest writes arrives in pieces of any length. */
export class FakeOutputPort {
  readonly name = 'hako.output.test';
  /** Bytes that have come out at the host's end. */
  receivedBytes = 0;
  /** Whether the host is connected. */
  isConnected = false;
  readonly #guest: Duplex;
  readonly #host: Duplex;

  /** @param stale - what another client has left in the port */
  constructor(stale: Uint8Array = new Uint8Array(0)) {
    const [inner, host] = duplexPair({ highWaterMark: 1024 * 1024 });
    // As a kernel does: whoever has written may use the memory again.
    const copier = new Transform({
      transform: (chunk: Buffer, _encoding, done) => done(null, Buffer.from(chunk)),
    });
    this.#host = host;
    this.#guest = compose(copier, inner);
    this.#guest.on('error', () => undefined);
    if (stale.length > 0) this.#guest.write(stale);
  }

  /** The agent's way to it. */
  readonly doors = {
    findPort: (name: string) => (name === this.name ? '/dev/port' : undefined),
    openPort: () => this.#guest,
  };

  /** The client's way to it. */
  readonly access = {
    name: this.name,
    open: (): Promise<Duplex> => {
      this.isConnected = true;
      const end = compose(
        this.#host,
        cutter((bytes) => (this.receivedBytes += bytes)),
      );
      this.#host.once('close', () => end.destroy());
      return Promise.resolve(end);
    },
  };

  /** Breaks the connection. */
  break(): void {
    this.#host.destroy();
    this.#guest.destroy();
  }
}

function cutter(count: (bytes: number) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      count(chunk.length);
      for (let rest = chunk; rest.length > 0;) {
        const length = randomInt(1, longestPiece);
        this.push(rest.subarray(0, length));
        rest = rest.subarray(length);
      }
      done();
    },
  });
}
