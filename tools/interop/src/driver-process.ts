// SPDX-License-Identifier: Apache-2.0
import type { CallSpec, Instruction, LoadSpec, Outcome } from './driver-protocol.ts';
import { parseOutcome } from './driver-protocol.ts';
import { LineProcess } from './line-process.ts';
import type { Program } from './programs/program.ts';

/** A call under way. */
export interface PendingCall {
  /** How it ended. Rejects only when the driver itself is gone. */
  readonly outcome: Promise<Outcome>;
  /** Gives the call up. */
  cancel(): void;
}

/** A program that makes calls to a unix socket as it is told. */
export class DriverProcess implements AsyncDisposable {
  readonly #process: LineProcess;
  readonly #pending = new Map<number, PromiseWithResolvers<Outcome>>();
  #lastId = 0;

  constructor(program: Program, socketPath: string) {
    this.#process = new LineProcess(program, ['drive', '--socket', socketPath], (line) => {
      const outcome = parseOutcome(line);
      this.#pending.get(outcome.id)?.resolve(outcome);
      this.#pending.delete(outcome.id);
    });
    void this.#process.exited.then((how) => {
      for (const { reject } of this.#pending.values()) reject(new Error(how));
      this.#pending.clear();
    });
  }

  /** Starts a call on a connection, which is dialled on its first mention. */
  call(connection: string, call: CallSpec): PendingCall {
    const id = ++this.#lastId;
    return {
      outcome: this.#instruct({ op: 'call', id, connection, ...call }, id),
      cancel: () => this.#write({ op: 'cancel', call: id }),
    };
  }

  /** Does a load on a connection. */
  load(connection: string, load: LoadSpec): Promise<Outcome> {
    const id = ++this.#lastId;
    return this.#instruct({ op: 'load', id, connection, load }, id);
  }

  /** Closes a connection whatever is in flight on it. */
  async close(connection: string): Promise<void> {
    const id = ++this.#lastId;
    await this.#instruct({ op: 'close', id, connection }, id);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }

  #instruct(instruction: Instruction, id: number): Promise<Outcome> {
    const outcome = Promise.withResolvers<Outcome>();
    this.#pending.set(id, outcome);
    this.#write(instruction);
    return outcome.promise;
  }

  #write(instruction: Instruction): void {
    this.#process.write(JSON.stringify(instruction));
  }
}
