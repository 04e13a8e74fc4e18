// SPDX-License-Identifier: Apache-2.0
import type { AttachedProcess } from './attached-process.ts';

/** Bytes of standard input that may be on their way or wait here; the program's own pipe comes on top. */
export const stdinWindowBytes = 128 * 1024;

/** Credit is given back in portions, so that not every keystroke makes a message. */
const portionBytes = stdinWindowBytes / 4;

/** The standard input of an attached process: writes what comes in, in order, and grants credit for what was written. */
export class StdinLine {
  readonly #attached: AttachedProcess;
  readonly #refuse: (error: unknown, call: 'writeStdin' | 'closeStdin') => Promise<void>;
  #tail: Promise<void> = Promise.resolve();
  #waitingBytes = 0;
  #ungranted = 0;
  #isOver = false;

  /** @param refuse - tells the client that input failed; called once */
  constructor(
    attached: AttachedProcess,
    refuse: (error: unknown, call: 'writeStdin' | 'closeStdin') => Promise<void>,
  ) {
    this.#attached = attached;
    this.#refuse = refuse;
  }

  /** Whether so many bytes more are within the credit. */
  hasRoomFor(bytes: number): boolean {
    return this.#isOver || this.#waitingBytes + bytes <= stdinWindowBytes;
  }

  /** Takes bytes; does not wait for the program. */
  write(data: Uint8Array): void {
    this.#waitingBytes += data.length;
    this.#enqueue('writeStdin', async () => {
      const { gate, name, process, call, outbox } = this.#attached;
      await gate({ method: 'writeStdin', request: { ...name, data } });
      await process.write(data, call.signal);
      this.#ungranted += data.length;
      if (this.#ungranted < portionBytes) return;
      const value = this.#ungranted;
      this.#waitingBytes -= value;
      this.#ungranted = 0;
      await outbox.send({ $case: 'stdinCredit', value });
    });
  }

  /** Ends the input behind what was written. */
  end(): void {
    this.#enqueue('closeStdin', async () => {
      const { gate, name, process } = this.#attached;
      await gate({ method: 'closeStdin', request: name });
      process.closeStdin();
      this.#isOver = true;
    });
  }

  #enqueue(call: 'writeStdin' | 'closeStdin', work: () => Promise<void>): void {
    this.#tail = this.#tail.then(async () => {
      if (this.#isOver) return;
      try {
        await work();
      } catch (error) {
        this.#isOver = true;
        // The stream is over: there is nobody to be told.
        if (!this.#attached.call.signal.aborted) await this.#refuse(error, call).catch(() => undefined);
      }
    });
  }
}
