// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn } from 'node:child_process';
import { addAbortListener, once } from 'node:events';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { exitStatusToCode } from './exit-status.ts';
import { kill } from './kill.ts';
import { createReaper } from './reaper.ts';
import type { ExitedChild } from './wait-child.ts';
import { backends } from './testing/backends.ts';
import { listChildren } from './zombies.ts';

const run = promisify(execFile);

/**
 * Leaves an orphan behind that runs `script`, and tells its pid when the process that started it has ended. That one
 * becomes `echo`, because a shell might take its job's exit itself.
 */
async function orphan(script: string): Promise<number> {
  const { stdout } = await run('sh', ['-c', `sh -c '${script}' >/dev/null 2>&1 & exec /bin/echo $!`]);
  return Number(stdout);
}

/** Waits, but not for ever: the reaper of a test that goes on after its time would take the exits of the next one. */
async function until(condition: () => boolean, timeout = 50_000): Promise<void> {
  await expect.poll(condition, { timeout, interval: 2 }).toBe(true);
}

describe.each(backends)('a reaper through $title', ({ missing, load }) => {
  test.skipIf(missing).each([
    { script: 'exit 0', status: { exitCode: 0 }, code: 0 },
    { script: 'exit 7', status: { exitCode: 7 }, code: 7 },
    { script: 'exit 255', status: { exitCode: 255 }, code: 255 },
    { script: 'kill -9 $$', status: { signal: 9, coreDumped: false }, code: 137 },
    { script: 'kill -15 $$', status: { signal: 15, coreDumped: false }, code: 143 },
  ])('tells how an orphan ended: $script', async ({ script, status, code }) => {
    using reaper = createReaper({}, load());
    using stack = new DisposableStack();
    stack.use(reaper.hold());
    const exit = await reaper.watch(await orphan(script));
    expect(exit).toEqual(status);
    expect(exitStatusToCode(exit)).toBe(code);
  });

  test.skipIf(missing)('waits for an orphan that is still alive', async () => {
    using reaper = createReaper({}, load());
    const pid = await orphan('sleep 60');
    const exit = reaper.watch(pid);
    kill(pid, 10);
    expect(await exit).toEqual({ signal: 10, coreDumped: false });
  });

  test.skipIf(missing)(
    'keeps the exit of an orphan that ended before it was watched, while held',
    async () => {
      using reaper = createReaper({}, load());
      const hold = reaper.hold();
      const pid = await orphan('exit 3');
      await until(() => listChildren('zombies').includes(pid));
      await run('true', []); // another round of SIGCHLD meanwhile
      const exit = reaper.watch(pid);
      hold[Symbol.dispose]();
      expect(await exit).toEqual({ exitCode: 3 });
    },
  );

  test.skipIf(missing)(
    'reaps what nobody wants: at once without a hold, after the hold with one',
    async () => {
      const orphans: ExitedChild[] = [];
      using reaper = createReaper({ onOrphan: (child) => orphans.push(child) }, load());
      const first = await orphan('exit 4');
      await until(() => orphans.length === 1);
      expect(orphans).toEqual([{ pid: first, status: { exitCode: 4 } }]);
      const hold = reaper.hold();
      const second = await orphan('exit 5');
      await until(() => listChildren('zombies').includes(second));
      await run('true', []);
      expect(orphans).toHaveLength(1);
      hold[Symbol.dispose]();
      await until(() => orphans.length === 2);
      expect(orphans[1]).toEqual({ pid: second, status: { exitCode: 5 } });
    },
  );

  test.skipIf(missing)('an orphan seen under an earlier hold does not wait for later ones', async () => {
    const orphans: ExitedChild[] = [];
    using reaper = createReaper({ onOrphan: (child) => orphans.push(child) }, load());
    const early = reaper.hold();
    const kept = await orphan('exit 1');
    await until(() => listChildren('zombies').includes(kept));
    await run('true', []);
    using late = new DisposableStack();
    late.use(reaper.hold());
    const later = await orphan('exit 2');
    await until(() => listChildren('zombies').includes(later));
    early[Symbol.dispose]();
    await until(() => orphans.length > 0);
    await run('true', []);
    expect(orphans.map(({ pid }) => pid)).toEqual([kept]);
    expect(await reaper.watch(later)).toEqual({ exitCode: 2 });
  });

  test.skipIf(missing)('an aborted watch leaves the exit to the next one', async () => {
    using reaper = createReaper({}, load());
    const pid = await orphan('sleep 60');
    const abort = new AbortController();
    const watch = reaper.watch(pid, { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(watch).rejects.toMatchObject({ code: 'aborted', cause: { message: 'enough' } });
    await expect(reaper.watch(pid, { timeoutMs: 5 })).rejects.toMatchObject({ code: 'timed_out' });
    kill(pid, 9);
    await until(() => listChildren('zombies').includes(pid));
    await run('true', []);
    expect(await reaper.watch(pid)).toMatchObject({ signal: 9 });
  });

  test.skipIf(missing)('refuses pids that are no child, watched already, or of child_process', async () => {
    using reaper = createReaper({}, load());
    await expect(reaper.watch(1)).rejects.toMatchObject({ code: 'ECHILD' });
    await expect(reaper.watch(0)).rejects.toMatchObject({ code: 'invalid_argument' });
    const child = spawn('sleep', ['60']);
    await expect(reaper.watch(child.pid!)).rejects.toMatchObject({ code: 'EBUSY' });
    child.kill('SIGKILL');
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    const pid = await orphan('sleep 60');
    const watch = reaper.watch(pid);
    await expect(reaper.watch(pid)).rejects.toMatchObject({ code: 'EBUSY' });
    kill(pid, 9);
    await watch;
  });

  test.skipIf(missing)('closing ends watches with the code closed', async () => {
    const reaper = createReaper({}, load());
    const pid = await orphan('sleep 60');
    const watch = reaper.watch(pid);
    reaper.close();
    reaper.close();
    await expect(watch).rejects.toMatchObject({ code: 'closed' });
    await expect(reaper.watch(pid)).rejects.toMatchObject({ code: 'closed' });
    using next = createReaper({}, load());
    kill(pid, 9);
    expect(await next.watch(pid)).toMatchObject({ signal: 9 });
  });

  test.skipIf(missing)(
    'among 1,600 orphans and 400 children of child_process no exit is lost and no zombie left',
    // Thousands of programs, one after the other: minutes where others need the processors too.
    { timeout: 900_000 },
    async ({ signal }) => {
      const before = listChildren();
      let unwanted = 0;
      using reaper = createReaper({ onOrphan: () => unwanted++ }, load());
      using _stop = addAbortListener(signal, () => reaper.close());
      const wanted: Promise<unknown>[] = [];
      const own: Promise<number>[] = [];
      for (let batch = 0; batch < 40; batch++) {
        signal.throwIfAborted();
        // Each batch: 40 orphans of which 10 are asked for, and 10 children that libuv waits for.
        using stack = new DisposableStack();
        stack.use(reaper.hold());
        const unwantedOrphan = "sh -c '(exit 99) & exec /bin/true'; ";
        const wantedOrphan = `sh -c '(exit '$i') >/dev/null & exec /bin/echo $!'; `;
        const { stdout } = await run('sh', [
          '-c',
          `for i in 0 1 2 3 4 5 6 7 8 9; do ${wantedOrphan}${unwantedOrphan.repeat(3)} done`,
        ]);
        for (let code = 0; code < 10; code++) {
          const child = spawn('sh', ['-c', `exit ${code + 20}`]);
          own.push(once(child, 'exit').then(([exitCode]) => Number(exitCode) - 20 - code));
        }
        stdout
          .trim()
          .split('\n')
          .forEach((pid, code) =>
            wanted.push(reaper.watch(Number(pid)).then((exit) => exitStatusToCode(exit) - code, String)),
          );
      }
      expect(await Promise.all(wanted)).toEqual(wanted.map(() => 0));
      expect(await Promise.all(own)).toEqual(own.map(() => 0));
      await until(() => unwanted === 1200, 300_000);
      expect(listChildren().filter((pid) => !before.includes(pid))).toEqual([]);
    },
  );
});
