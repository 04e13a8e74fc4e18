// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';

import type { CliComponents } from '../cli-components.ts';
import { exitCodes } from '../exit-codes.ts';
import { watchInterrupts } from '../interrupts.ts';
import { isOwnerReport, type OwnerReport } from '../owner-report.ts';

/** Words of the hidden command that owns a detached sandbox. */
export const ownerCommand = 'own';

/**
 * `hako run --detach`: starts a process of its own session that owns the sandbox, and prints the sandbox's name once the
 * workload runs. A signal that comes before is passed on, and the owner takes everything back.
 * @param runWords all words after `run`, as they were given
 * @param components the program's world
 */
export async function detach(runWords: readonly string[], components: CliComponents): Promise<number> {
  const [file, ...args] = components.self;
  const owner = spawn(file, [...args, ownerCommand, ...runWords], {
    detached: true,
    env: components.env,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  using interrupts = watchInterrupts(components.onSignal);
  interrupts.signal.addEventListener('abort', () => owner.kill('SIGTERM'), { once: true });
  const report = await new Promise<OwnerReport>((resolve) => {
    const fail = (why: string): void =>
      resolve({ kind: 'failed', line: `hako: the owner process ${why}`, exitCode: exitCodes.failure });
    owner.once('error', (error) => fail(`cannot be started: ${error.message}`));
    owner.once('exit', (code, signal) => fail(`ended early (${signal ?? String(code)})`));
    owner.on('message', (message: unknown) => {
      if (isOwnerReport(message)) resolve(message);
    });
  });
  owner.removeAllListeners();
  if (owner.connected) owner.disconnect();
  owner.unref();
  if (report.kind === 'running') {
    components.stdout.write(`${report.id}\n`);
    return 0;
  }
  components.stderr.write(`${report.line}\n`);
  return interrupts.exitCode ?? report.exitCode;
}
