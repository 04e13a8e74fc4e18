// SPDX-License-Identifier: Apache-2.0

// The TypeScript side of the suite and of the benchmark, on @hako/ttrpc. Its commands are those of the Go and the Rust
// program:
//
//   node main.ts serve --socket PATH   serves until its standard input ends; lines there release calls or shut it down
//   node main.ts drive --socket PATH   reads instructions, writes outcomes, one JSON object a line
import { parseArgs } from 'node:util';
import { drive } from './drive.ts';
import { serve } from './serve.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { socket: { type: 'string' } },
});
const [command] = positionals;
if (values.socket === undefined || (command !== 'serve' && command !== 'drive')) {
  console.error('usage: main.ts serve|drive --socket PATH');
  process.exitCode = 2;
} else {
  await (command === 'serve' ? serve : drive)(values.socket);
}
