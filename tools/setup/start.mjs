// SPDX-License-Identifier: Apache-2.0
import { runScript, setUp } from './setup.mjs';
import { ensureCliBundle } from './src/cli-bundle.mjs';

// The first half of `npm start`. The second half is the shell's `exec` of the bundle by the project's own Node: so no
// process of ours stands between the user's terminal and `hako`, and signals and exit codes need no passing on.
await runScript(async () => {
  await setUp();
  await ensureCliBundle();
});
