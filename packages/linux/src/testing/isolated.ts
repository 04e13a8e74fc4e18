// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import type { LibcBackend } from '../ffi/libc.ts';

/** How an isolated script ended. */
export interface IsolatedResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why isolated scripts cannot run here; `undefined` when they can. */
export const isolationMissing = process.getuid?.() === 0 ? undefined : 'needs root for namespaces';

/**
 * Runs the body of an ES module in a Node of its own inside new namespaces, so that nothing it does reaches this
 * machine. The body sees all of index.ts as `linux` and the wanted backend as `libc`.
 *
 * @param namespaces options of unshare(1), such as `--mount`.
 */
export async function runIsolated(
  backend: LibcBackend,
  namespaces: readonly string[],
  body: string,
): Promise<IsolatedResult> {
  const index = new URL('../index.ts', import.meta.url).href;
  const script = `import * as linux from '${index}'; import fs from 'node:fs'; import os from 'node:os';
    const libc = linux.loadLibc({ backend: '${backend}' });
    ${body}`;
  const node = [process.execPath, '--input-type=module', '--eval', script];
  const child = spawn('unshare', [...namespaces, ...node], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
}
