// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';

import type { CliComponents } from './cli-components.ts';
import { exitCodes } from './exit-codes.ts';
import { isOwnerReport, type OwnerReport } from './owner-report.ts';

/**
 * Starts this program again, in a session of its own, as the owner of a sandbox, and waits for its report.
 * @param words its command: a hidden one
 * @param components the program's world
 * @param signal ends the start: the owner takes everything back, and reports that
 */
export async function startOwner(
  words: readonly string[],
  components: Pick<CliComponents, 'env' | 'self'>,
  signal?: AbortSignal,
): Promise<OwnerReport> {
  const [file, ...args] = components.self;
  const owner = spawn(file, [...args, ...words], {
    detached: true,
    env: components.env,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const end = (): void => void owner.kill('SIGTERM');
  if (signal?.aborted === true) end();
  signal?.addEventListener('abort', end, { once: true });
  const report = await new Promise<OwnerReport>((resolve) => {
    const fail = (why: string): void =>
      resolve({ kind: 'failed', line: `hako: the owner process ${why}`, exitCode: exitCodes.failure });
    owner.once('error', (error) => fail(`cannot be started: ${error.message}`));
    owner.once('exit', (code, name) => fail(`ended early (${name ?? String(code)})`));
    owner.on('message', (message: unknown) => {
      if (isOwnerReport(message)) resolve(message);
    });
  });
  signal?.removeEventListener('abort', end);
  owner.removeAllListeners();
  if (owner.connected) owner.disconnect();
  owner.unref();
  return report;
}

/**
 * Starts a new owner for a sandbox whose owner is dead, and waits for its report.
 * @param id the sandbox, or the unique beginning of its name
 * @param components the program's world
 * @param signal as for {@link startOwner}
 */
export function startOrphanOwner(
  id: string,
  components: Pick<CliComponents, 'env' | 'self'>,
  signal?: AbortSignal,
): Promise<OwnerReport> {
  return startOwner(['own-orphan', id], components, signal);
}
