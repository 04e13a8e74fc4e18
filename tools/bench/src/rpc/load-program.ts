// SPDX-License-Identifier: Apache-2.0
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { LoadSpec, Outcome } from '@hako/interop';
import { parseInstruction } from '@hako/interop';

/** A peer of the benchmark, before it speaks the suite's line protocol. */
export interface LoadProgram {
  /** Listens on the socket; what it returns is disposed when the program ends. */
  readonly serve: (socketPath: string) => Promise<AsyncDisposable>;
  /** Connects, does a load, and disconnects. */
  readonly load: (socketPath: string, load: LoadSpec) => Promise<Omit<Outcome, 'id'>>;
}

/** Runs a peer as a program with the commands `serve` and `drive` of tools/interop; the driver knows loads only. */
export async function runLoadProgram(program: LoadProgram): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { socket: { type: 'string' } },
  });
  if (values.socket === undefined) throw new Error('--socket is missing');
  const input = createInterface({ input: process.stdin });
  if (positionals[0] === 'serve') {
    await using _server = await program.serve(values.socket);
    console.log('ready');
    for await (const line of input) throw new Error(`unknown command ${line}`);
    return;
  }
  for await (const line of input) {
    const instruction = parseInstruction(line);
    if (instruction.op !== 'load') throw new Error(`unknown op ${instruction.op}`);
    console.log(
      JSON.stringify({ id: instruction.id, ...(await program.load(values.socket, instruction.load)) }),
    );
  }
}
