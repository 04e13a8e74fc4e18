// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createTerminal, openPty, type Terminal } from '@hako/linux';

/** A shell's output is waited for this long after it has ended: a child of it may hold the terminal. */
const drainLimitMs = 500;
const readBytes = 16 * 1024;
/** Nobody tells the size of the terminal at the other end. */
const windowSize = { rows: 24, columns: 80 };

/**
 * Program text that makes a terminal the controlling one of the session and turns into a shell. A session's leader gets
 * the first terminal it opens.
 */
const takeTerminal = 'exec 0<>"$1" 1>&0 2>&1; shift; exec "$@"';

/** Starts a shell in a session of its own, on a terminal that belongs to nobody yet. */
export function spawnOnTerminal(shell: string, args: readonly string[], terminalPath: string) {
  // Loaded when first needed; the agent answers sooner without it.
  const { spawn } = process.getBuiltinModule('node:child_process');
  return spawn(shell, ['-c', takeTerminal, shell, terminalPath, shell, ...args], {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
    env: { ...process.env, TERM: process.env['TERM'] ?? 'linux' },
  });
}

/** Copies what the shell prints; ends when the last program has closed the terminal. */
async function copyOutput(terminal: Terminal, stream: Duplex): Promise<void> {
  for (;;) {
    const bytes = await terminal.reader.read(readBytes);
    if (bytes.length === 0 || stream.destroyed) return;
    if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
  }
}

/** Copies what is typed; ends when the connection does. */
async function copyInput(stream: Duplex, terminal: Terminal): Promise<void> {
  for await (const bytes of stream) {
    if (bytes instanceof Uint8Array) await terminal.writer.write(bytes);
  }
}

/**
 * Runs a shell on a terminal of its own for one connection. The shell dies with the connection, and the connection ends
 * with the shell, after its last words.
 *
 * @param shell - path of the program
 * @returns when shell and connection are gone
 * @throws LinuxError or a system error when there is no terminal; the stream is destroyed in any case
 */
export async function runShellSession(shell: string, stream: Duplex): Promise<void> {
  stream.on('error', () => undefined);
  try {
    const { masterFd, slavePath } = openPty();
    await using terminal = createTerminal(masterFd);
    terminal.resize(windowSize);
    const child = spawnOnTerminal(shell, [], slavePath);
    const exited = new Promise<void>((resolve, reject) =>
      child.once('exit', () => resolve()).once('error', reject),
    );
    const hangUp = () => void child.kill('SIGKILL');
    stream.once('close', hangUp).once('end', hangUp);
    const output = copyOutput(terminal, stream);
    // Reading and typing fail when the other side goes first, which is no failure of the session.
    output.catch(() => undefined);
    copyInput(stream, terminal).catch(() => undefined);
    await exited;
    const late = new AbortController();
    await Promise.race([output, delay(drainLimitMs, undefined, { signal: late.signal })]).catch(
      () => undefined,
    );
    late.abort();
    if (!stream.destroyed) await new Promise<void>((resolve) => stream.once('close', resolve).end(resolve));
  } finally {
    stream.destroy();
  }
}
