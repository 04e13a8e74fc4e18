// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { createSandbox, resolveImage, type Sandbox } from '@hako/sandbox';

/** After this what is left over from the start has been freed. */
const restMs = 500;

/** Makes sandboxes with a container each until there are so many as an argument says, and prints the size of this process. */
const counts = process.argv.slice(2).map(Number);
const image = await resolveImage('busybox');
await using sandboxes = new AsyncDisposableStack();

async function addSandbox(): Promise<Sandbox> {
  const sandbox = await createSandbox({ template: 'always' });
  sandboxes.defer(() => sandbox.stop({ graceful: false }));
  const container = await sandbox.createContainer({ image, command: ['sleep', '100000'] });
  container.discardOutput();
  container.stdout.on('error', () => undefined);
  container.stderr.on('error', () => undefined);
  await container.start();
  return sandbox;
}

// The first one loads the code, and may save the template.
await (await addSandbox()).stop({ graceful: false });
let made = 0;
const sizesMib: { readonly rss: number; readonly live: number }[] = [];
for (const count of counts) {
  for (; made < count; made += 1) await addSandbox();
  await delay(restMs);
  globalThis.gc?.();
  await delay(restMs);
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  sizesMib.push({ rss: rss / 2 ** 20, live: (heapUsed + external) / 2 ** 20 });
}
console.log(JSON.stringify(sizesMib));
