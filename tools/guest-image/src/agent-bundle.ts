// SPDX-License-Identifier: Apache-2.0
import { build } from 'esbuild';
import { GuestImageError } from './guest-image-error.ts';

/** What the root image holds of the agent. */
export interface AgentBundle {
  /** One CommonJS file: it starts sooner than modules, which Node loads asynchronously. */
  readonly code: Buffer;
  /** Source files and packages that went in, relative to the working directory. */
  readonly inputs: readonly string[];
}

/**
 * Bundles the agent with everything it imports into one file for the guest's Node.
 *
 * Errors: `agent_broken` with the first of esbuild's messages.
 *
 * @param entry - Absolute path of the agent's main file.
 * @param root - Directory against which paths are written, so that the bundle is the same wherever the work tree lies.
 */
export async function bundleAgent(entry: string, root: string): Promise<AgentBundle> {
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
      define: { 'import.meta.url': '__agentUrl' },
      banner: { js: "'use strict'; const __agentUrl = require('node:url').pathToFileURL(__filename).href;" },
      minifySyntax: true,
      minifyWhitespace: true,
      keepNames: true,
      legalComments: 'none',
      metafile: true,
      write: false,
      logLevel: 'silent',
    });
    const [output] = result.outputFiles;
    return {
      code: Buffer.from(output?.contents ?? []),
      inputs: Object.keys(result.metafile.inputs).sort(),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n').slice(0, 2).join(' ') : String(error);
    throw new GuestImageError('agent_broken', `agent does not bundle: ${reason}`, { cause: error });
  }
}
