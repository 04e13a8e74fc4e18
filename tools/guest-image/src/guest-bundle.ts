// SPDX-License-Identifier: Apache-2.0
import { build } from 'esbuild';
import { GuestImageError } from './guest-image-error.ts';
import { optionalPartsPlugin } from './optional-parts.ts';

/**
 * Bundles a program with everything it imports into one CommonJS file for the guest's Node: that starts sooner than
 * modules, which Node loads asynchronously. The agent's optional parts stay outside. The result is ASCII.
 *
 * Errors: `agent_broken` with esbuild's first message.
 *
 * @param entry - Absolute path of the program's main file.
 * @param root - Directory against which paths are written, so that the bundle is the same wherever the work tree lies.
 */
export async function bundleForGuest(entry: string, root: string): Promise<Buffer> {
  try {
    const result = await build({
      entryPoints: [entry],
      absWorkingDir: root,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node26',
      conditions: ['@hako/source'],
      // The guest's Node has node:ffi; the library for other Nodes has native parts and stays outside.
      external: ['koffi'],
      plugins: [optionalPartsPlugin],
      loader: { '.wasm': 'binary' },
      define: { 'import.meta.url': '__agentUrl' },
      banner: { js: "'use strict'; const __agentUrl = require('node:url').pathToFileURL(__filename).href;" },
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: 'none',
      charset: 'ascii',
      write: false,
      logLevel: 'silent',
    });
    const [output] = result.outputFiles;
    return Buffer.from(output?.contents ?? []);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n').slice(0, 2).join(' ') : String(error);
    throw new GuestImageError('agent_broken', `agent does not bundle: ${reason}`, { cause: error });
  }
}
