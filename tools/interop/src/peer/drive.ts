// SPDX-License-Identifier: Apache-2.0
import { createInterface } from 'node:readline';
import type { Channel } from '@hako/ttrpc';
import { createChannel, dial, parseAddress } from '@hako/ttrpc';
import type { Instruction, Outcome } from '../driver-protocol.ts';
import { parseInstruction } from '../driver-protocol.ts';
import { runLoad } from './load.ts';
import { outcomeOf } from './outcome.ts';
import { perform } from './perform.ts';

/** Runs the instructions on standard input, each as soon as it is read; ends with the input. */
export async function drive(socketPath: string): Promise<void> {
  const driver = new Driver(socketPath);
  for await (const line of createInterface({ input: process.stdin })) driver.follow(parseInstruction(line));
  await driver.end();
}

class Driver {
  readonly #socketPath: string;
  readonly #channels = new Map<string, Promise<Channel>>();
  readonly #calls = new Map<number, AbortController>();

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  follow(instruction: Instruction): void {
    switch (instruction.op) {
      case 'call':
        void this.#call(instruction);
        break;
      case 'load':
        void this.#report(instruction.id, async () =>
          runLoad(await this.#channel(instruction.connection), instruction.load),
        );
        break;
      case 'cancel':
        this.#calls.get(instruction.call)?.abort();
        break;
      case 'close':
        void this.#report(instruction.id, async () => {
          const channel = await this.#channel(instruction.connection);
          this.#channels.delete(instruction.connection);
          channel.abort();
          return { closed: true };
        });
    }
  }

  async end(): Promise<void> {
    for (const channel of this.#channels.values()) (await channel).abort();
  }

  async #call(instruction: Extract<Instruction, { op: 'call' }>): Promise<void> {
    const cancelling = new AbortController();
    this.#calls.set(instruction.id, cancelling);
    await this.#report(instruction.id, async () =>
      perform(await this.#channel(instruction.connection), instruction, cancelling.signal),
    );
    this.#calls.delete(instruction.id);
  }

  async #report(id: number, work: () => Promise<Omit<Outcome, 'id'>>): Promise<void> {
    const outcome = await work().catch(outcomeOf);
    process.stdout.write(`${JSON.stringify({ id, ...outcome })}\n`);
  }

  #channel(connection: string): Promise<Channel> {
    const known = this.#channels.get(connection);
    if (known !== undefined) return known;
    const channel = dial(parseAddress(`unix://${this.#socketPath}`)).then((stream) => createChannel(stream));
    this.#channels.set(connection, channel);
    return channel;
  }
}
