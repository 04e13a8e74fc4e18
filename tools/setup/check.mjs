// SPDX-License-Identifier: Apache-2.0
import { runScript } from './setup.mjs';
import { runChecks } from './src/checks.mjs';

// `npm run check`: formatting, types, lint with import boundaries, generated code.
await runScript(async () => {
  const failed = await runChecks();
  for (const name of failed) process.stdout.write(`failed check: ${name}\n`);
  return failed.length === 0 ? 0 : 1;
});
