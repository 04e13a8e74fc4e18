// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { OciHook, OciHooks } from '@hako/protocols';
import { afterEach, expect, test, vi } from 'vitest';

import { silentLogger, type Logger } from '../logger.ts';
import { ignoreOutput, sandboxWorld } from '../testing/sandbox-world.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { HostHooks } from './host-hooks.ts';
import { runHook } from './run-hook.ts';

const state = { ociVersion: '1.1.0', id: 'box', status: 'creating', pid: 7, bundle: '/bundle' } as const;
const shell = (script: string, more: Partial<OciHook> = {}): OciHook => ({
  path: '/bin/sh',
  args: ['sh', '-c', script],
  ...more,
});
const untilGone = { timeout: 15_000, interval: 20 };
/** A process that has ended, or only waits to be reaped by whoever adopts it. */
const hasEnded = /^(gone|Z|X)$/;

/** What a process does, by the letter of proc(5). */
const stateOf = async (pid: number): Promise<string> =>
  /^State:\s+(\w)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1] ?? 'gone';

afterEach(() => {
  vi.useRealTimers();
});

test('a hook reads the state on its standard input, and has its own arguments, environment and nothing else', async () => {
  await using directory = await temporaryDirectory();
  const script = 'cat > state; echo "$0 $1" > args; env > env; pwd > cwd';
  const hook = {
    path: '/bin/sh',
    args: ['a name', '-c', script, 'zero', 'one two'],
    env: ['A=1', 'A=2', 'B=x=y', 'PATH=/usr/bin:/bin'],
  };
  await runHook(hook, state, { cwd: directory.path });
  const read = (name: string): Promise<string> => readFile(join(directory.path, name), 'utf8');
  expect(JSON.parse(await read('state'))).toEqual(state);
  expect(await read('args')).toBe('zero one two\n');
  const env = (await read('env')).split('\n').filter((line) => !/^(PWD|SHLVL|_|OLDPWD|)(=|$)/.test(line));
  expect(env.toSorted()).toEqual(['A=2', 'B=x=y', 'PATH=/usr/bin:/bin']);
  expect(await read('cwd')).toBe(`${directory.path}\n`);
});

test.for<{ name: string; hook: OciHook; code: string; says: string }>([
  {
    name: 'ends with an exit code',
    hook: shell('echo one >&2; echo the last words >&2; exit 3'),
    code: 'hook_failed',
    says: 'hook /bin/sh failed (exit code 3): the last words',
  },
  { name: 'is killed', hook: shell('kill -9 $$'), code: 'hook_failed', says: 'failed (SIGKILL)' },
  { name: 'does not exist', hook: { path: '/no/such/hook' }, code: 'hook_failed', says: 'cannot be started' },
  { name: 'has a relative path', hook: { path: 'hook' }, code: 'hook_failed', says: 'has no absolute path' },
  {
    name: 'has no time at all',
    hook: shell('exit', { timeout: 0 }),
    code: 'hook_failed',
    says: 'has a time limit of 0 s',
  },
])('a hook that $name fails', async ({ hook, code, says }) => {
  const error: unknown = await runHook(hook, state, { cwd: '/' }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code, message: expect.stringContaining(says) as unknown });
});

test('of what a hook prints to its standard error only the end is kept', async () => {
  const hook = shell('i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done >&2; exit 1');
  const error: unknown = await runHook(hook, state, { cwd: '/' }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ message: 'hook /bin/sh failed (exit code 1): 19999' });
  expect((error as { tail: string }).tail.length).toBeLessThanOrEqual(4096);
});

test.for(['timeout', 'aborted'])('a hook that ends by %s is gone with all it started', async (how) => {
  await using directory = await temporaryDirectory();
  const controller = new AbortController();
  const script = 'sleep 1000 & echo $! > pid.new; mv pid.new pid; wait';
  // The hook has all the time it takes to start: its limit comes when it is told to.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const running = runHook(shell(script, { timeout: 60 }), state, {
    cwd: directory.path,
    signal: controller.signal,
  });
  running.catch(() => undefined);
  const read = (): Promise<string> => readFile(join(directory.path, 'pid'), 'utf8').catch(() => '');
  await expect.poll(read, untilGone).toMatch(/^\d+\n$/);
  const pid = Number(await read());
  if (how === 'aborted') controller.abort();
  else vi.advanceTimersByTime(60_000);
  vi.useRealTimers();
  await expect(running).rejects.toMatchObject({ code: how });
  await expect.poll(() => stateOf(pid), untilGone).toMatch(hasEnded);
});

test('what a hook leaves running is not waited for', async () => {
  await using directory = await temporaryDirectory();
  await runHook(shell('sleep 1000 & echo $! > pid; exit 0'), state, { cwd: directory.path });
  const pid = Number(await readFile(join(directory.path, 'pid'), 'utf8'));
  expect(await stateOf(pid)).not.toMatch(hasEnded);
  process.kill(pid, 'SIGKILL');
});

test('a hook need not read what it is told', async () => {
  const long = { ...state, annotations: { long: 'x'.repeat(1 << 20) } };
  await expect(runHook(shell('exit 0'), long, { cwd: '/' })).resolves.toBeUndefined();
});

/** Hooks that are written down instead of run. */
function recorded(hooks: OciHooks, fails: readonly string[] = []) {
  const ran: string[] = [];
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (_, message) => void warnings.push(message) };
  const opened = new HostHooks({
    containerId: 'box',
    spec: { ociVersion: '1.1.0', hooks, annotations: { key: 'value' } },
    bundle: '/bundle',
    vmmPid: () => 7,
    logger,
    run: ({ path }, { status, pid }) => {
      ran.push(`${path} ${status} ${pid ?? '-'}`);
      return fails.includes(path) ? Promise.reject(new Error('no')) : Promise.resolve();
    },
  });
  return { opened, ran, warnings };
}

test('hooks run in the order of the OCI, and with the state of their time [proves host hooks]', async () => {
  const { opened, ran } = recorded({
    createRuntime: [{ path: '/create' }],
    prestart: [{ path: '/pre1' }, { path: '/pre2' }],
    poststart: [{ path: '/start' }],
    poststop: [{ path: '/stop' }],
  });
  await opened.beforeCreation(new AbortController().signal);
  await opened.afterStart();
  await opened.afterEnd();
  await opened.afterEnd();
  expect(ran).toEqual([
    '/pre1 creating 7',
    '/pre2 creating 7',
    '/create creating 7',
    '/start running 7',
    '/stop stopped -',
  ]);
});

test('the first failure before the container ends it; later ones are logged and the rest runs', async () => {
  const hooks = {
    prestart: [{ path: '/bad' }, { path: '/never' }],
    poststart: [{ path: '/bad' }, { path: '/start' }],
    poststop: [{ path: '/bad' }, { path: '/stop' }],
  };
  const { opened, ran, warnings } = recorded(hooks, ['/bad']);
  await expect(opened.beforeCreation(new AbortController().signal)).rejects.toThrow('no');
  await opened.afterStart();
  await opened.afterEnd();
  expect(ran.map((line) => line.split(' ')[0])).toEqual(['/bad', '/bad', '/start', '/bad', '/stop']);
  expect(warnings).toEqual(['poststart hook failed', 'poststop hook failed']);
});

test('hooks that belong inside the container do not run, and that is said', async () => {
  const { opened, ran, warnings } = recorded({
    createContainer: [{ path: '/inside' }],
    startContainer: [{ path: '/inside' }],
  });
  await opened.beforeCreation(new AbortController().signal);
  expect(ran).toEqual([]);
  expect(warnings).toEqual(['createContainer hooks do not run', 'startContainer hooks do not run']);
});

test.for(['removed', 'stopped with its sandbox', 'lost with its machine'])(
  'the hooks of a container that is %s are told of its whole life',
  async (how) => {
    await using world = await sandboxWorld();
    const log = join(world.directory, 'log');
    await writeFile(log, '');
    const note = (point: string): OciHook[] => [
      shell(`printf '${point} ' >> ${log}; cat >> ${log}; echo >> ${log}`, { env: ['PATH=/usr/bin:/bin'] }),
    ];
    const hooks = Object.fromEntries(
      ['poststop', 'poststart', 'createRuntime', 'prestart'].map((point) => [point, note(point)]),
    );
    const annotations = {
      mine: 'yes',
      'cdi.k8s.io/vfio0': 'no',
      'io.katacontainers.config.agent.policy': 'no',
    };
    const image = {
      ...world.image,
      bundle: world.directory,
      spec: { ociVersion: '1.0.2', hooks, annotations },
    };
    await using sandbox = await world.create();
    const container = await sandbox.createContainer({ image, command: ['forever'] });
    ignoreOutput(container);
    await container.start();
    if (how === 'removed') await container.remove();
    else if (how === 'lost with its machine') world.hypervisor.vms[0]?.guest.exitVmm({ signal: 'SIGKILL' });
    else await sandbox.stop();
    if (how === 'lost with its machine') await sandbox.ended;
    const lines = (await readFile(log, 'utf8')).trim().split('\n');
    const told = lines.map((line) => {
      const [, point, json] = /^(\w+) (.*)$/.exec(line) ?? [];
      return { point, ...(JSON.parse(json ?? '{}') as object) };
    });
    const common = { ociVersion: '1.0.2', id: 'box', bundle: world.directory, annotations: { mine: 'yes' } };
    const pid = expect.any(Number) as unknown;
    expect(told).toEqual([
      { point: 'prestart', ...common, status: 'creating', pid },
      { point: 'createRuntime', ...common, status: 'creating', pid },
      { point: 'poststart', ...common, status: 'running', pid },
      { point: 'poststop', ...common, status: 'stopped' },
    ]);
    expect(world.agent.calls).toContain('startContainer');
  },
);
