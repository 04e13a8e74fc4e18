// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildGuestAssets } from './build-guest-assets.ts';
import { GuestImageError } from './guest-image-error.ts';

const usage = `usage: guest-image --cache-dir DIR --kernel-package FILE [--agent FILE] [--node FILE]

Builds kernel, initramfs and root image into DIR and points DIR/current.json at them.
Prints the path of every asset as NAME=PATH; progress goes to standard error.`;

/** Exit codes: 0 done, 1 the build failed, 2 the command line is wrong. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      'cache-dir': { type: 'string' },
      'kernel-package': { type: 'string' },
      agent: { type: 'string' },
      node: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    console.log(usage);
    return 0;
  }
  const cacheDir = values['cache-dir'];
  const kernelPackagePath = values['kernel-package'];
  if (cacheDir === undefined || kernelPackagePath === undefined) {
    console.error(usage);
    return 2;
  }
  const workspaceRoot = resolve(import.meta.dirname, '../../..');
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const assets = await buildGuestAssets({
    cacheDir: resolve(cacheDir),
    kernelPackagePath: resolve(kernelPackagePath),
    agentEntry: resolve(values.agent ?? join(workspaceRoot, 'packages/agent-server/src/main.ts')),
    nodePath: resolve(values.node ?? process.execPath),
    workspaceRoot,
    signal: interrupted.signal,
    onProgress: (step) => console.error(step),
  });
  for (const [name, value] of Object.entries(assets)) console.log(`${name}=${String(value)}`);
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof GuestImageError ? error.message : error);
    process.exitCode = 1;
  },
);
