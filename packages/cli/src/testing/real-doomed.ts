// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import type { DoomedPlan } from './doomed-owner.ts';
import type { RealHako } from './real-hako.ts';

const script = fileURLToPath(new URL('doomed-owner.ts', import.meta.url));

/** A process that owns a sandbox and is going to be killed. */
export interface DoomedOwner {
  readonly child: ChildProcess;
  /** Settles with what it was ended by. */
  readonly ended: Promise<string>;
}

/**
 * Starts a process that owns a sandbox in the run directory of a test.
 * @param hako where
 * @param plan what it does
 */
export function startDoomed(hako: RealHako, plan: DoomedPlan): DoomedOwner {
  const options = { runRoot: hako.runRoot, ...plan.options };
  const words = ['--conditions=@hako/source', script, JSON.stringify({ ...plan, options })];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'exit').then(([code, signal]: unknown[]) => `${String(signal ?? code)}${said}`);
  return { child, ended };
}
