// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Figures } from '../frame/benchmark.ts';

const run = promisify(execFile);

/** How many sandboxes a process owns when it is looked at. */
const ownedCounts = [1, 2, 4] as const;

/** What a further sandbox may take. */
const aimMib = 2;

/** Lets a process of its own make sandboxes and say how large it has become. */
export async function measureOwner(): Promise<Figures> {
  const program = join(import.meta.dirname, 'owner/main.ts');
  const { stdout } = await run(process.execPath, [
    '--conditions=@hako/source',
    '--expose-gc',
    program,
    ...ownedCounts.map(String),
  ]);
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- what the program prints
  const sizes = JSON.parse(stdout) as readonly { readonly rss: number; readonly live: number }[];
  const [first, second, last] = sizes;
  if (first === undefined || second === undefined || last === undefined)
    throw new Error(`the owner has said ${JSON.stringify(stdout)}`);
  const further = ownedCounts[2] - ownedCounts[0];
  const [rss, live] = [(last.rss - first.rss) / further, (last.live - first.live) / further];
  return {
    // A process gives back late what it has freed, so its size may fall while more is in use.
    perSandbox: Math.max(rss, live),
    aim: aimMib,
    rss,
    live,
    one: first.rss,
    two: second.rss,
    four: last.rss,
  };
}
