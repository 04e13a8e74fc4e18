#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';

import { hostComponents } from './host-components.ts';
import { runCli } from './run-cli.ts';

// A reader that is gone is noticed where the output is written.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

void runCli(process.argv.slice(2), hostComponents()).then((exitCode) => {
  process.exitCode = exitCode;
  // Standard input may still be open; nothing waits for it any more.
  process.stdin.destroy();
});
