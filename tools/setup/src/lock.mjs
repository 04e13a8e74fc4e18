// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SetupError } from './setup-error.mjs';

/**
 * Runs `work` while no other set-up of this user runs its own.
 *
 * The lock is flock(1)'s: the kernel gives it back when its holder ends, however it ends, so a lock is never stale.
 * The holder waits for the end of its standard input, which comes when this process closes it or dies.
 *
 * @template T
 * @param {string} lockFile
 * @param {() => void} onWait - Called once when another set-up holds the lock.
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(lockFile, onWait, work) {
  await mkdir(dirname(lockFile), { recursive: true });
  const holder = spawn('flock', ['--no-fork', lockFile, 'sh', '-c', 'echo; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const waiting = setTimeout(onWait, 500);
  try {
    await new Promise((resolve, reject) => {
      holder.stdout.once('data', resolve);
      holder.once('error', reject);
      holder.once('exit', (code) => reject(new Error(`flock ended with ${code}`)));
    });
  } catch (error) {
    throw new SetupError(
      `set-up cannot take its lock ${lockFile}: ${error instanceof Error ? error.message : error}`,
    );
  } finally {
    clearTimeout(waiting);
  }
  try {
    return await work();
  } finally {
    const ended = new Promise((resolve) => holder.once('exit', resolve));
    holder.stdin.end();
    await ended;
  }
}
