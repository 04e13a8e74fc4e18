// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { VmConfig } from '@hako/hypervisor';
import { expect, test } from 'vitest';
import { ConsoleLog } from '../console/console-log.ts';
import { QmpClient } from '../qmp/qmp-client.ts';
import { consoleLogPath, type RunningVmm } from '../running-vmm.ts';
import { FakeQmpServer, type FakeQmpServerOptions } from '../testing/fake-qmp-server.ts';
import { endPanicked } from './end-panicked.ts';

const bytesPerMib = 1024 * 1024;

type Answers = NonNullable<FakeQmpServerOptions['answers']>;

/** A panicked machine in a temporary directory, of which QEMU is a script that ends when it is told to. */
async function panicked(answers: (server: () => FakeQmpServer) => Answers, memoryMib = 1) {
  const directory = await mkdtemp(join(tmpdir(), 'hako-dump-'));
  const runDir = join(directory, 'run');
  const dumps = join(directory, 'dumps');
  await mkdir(join(runDir, 'logs'), { recursive: true });
  await writeFile(join(runDir, 'state.json'), '{}');
  await symlink('/etc/passwd', join(runDir, 'link'));
  await writeFile(join(runDir, 'swap-0.img'), '');
  await truncate(join(runDir, 'swap-0.img'), 17 * bytesPerMib);
  const ended = Promise.withResolvers<{ exitCode: number; signal: null }>();
  const server: FakeQmpServer = new FakeQmpServer({
    answers: {
      'query-memory-size-summary': () => ({ return: { 'base-memory': memoryMib * bytesPerMib } }),
      'query-version': () => ({ return: { qemu: { major: 7, minor: 2, micro: 1 }, package: 'Debian' } }),
      quit: () => {
        ended.resolve({ exitCode: 0, signal: null });
        return { return: {} };
      },
      ...answers(() => server),
    },
  });
  const monitor = await QmpClient.connect(server.clientEnd);
  const streams = { monitor: new PassThrough(), console: new PassThrough(), stateInput: new PassThrough() };
  const live: RunningVmm = {
    process: { ...streams, pid: 1, ended: ended.promise, stderrTail: () => '', unref() {}, kill() {} },
    console: new ConsoleLog(consoleLogPath(runDir)),
    road: { kind: 'vsock', cid: 3 },
    panic: Promise.withResolvers(),
    monitor,
    agent: {
      address: 'vsock://3:1024',
      open: () => Promise.reject(new Error('panicked')),
      [Symbol.dispose]() {},
    },
  };
  live.console.push(Buffer.from('last words'));
  const config: VmConfig = {
    id: 'box-1',
    runDir,
    kernelPath: '/assets/vmlinux',
    kernelParameters: [],
    vcpus: 1,
    memoryMib,
    sharedMemory: false,
    devices: [],
    agentChannel: 'auto',
    accelerator: 'auto',
  };
  const failures: unknown[] = [];
  return {
    dumps,
    server,
    failures,
    end: (signal = new AbortController().signal, directoryOfDumps = dumps) =>
      endPanicked(
        { live, config, dump: { directory: directoryOfDumps }, onFailure: (error) => failures.push(error) },
        signal,
      ),
    files: async () => (await readdir(dumps, { recursive: true }).catch(() => [])).toSorted(),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

/** What QEMU does: it makes the file, answers, and says later how it went. */
function dumping(server: () => FakeQmpServer, outcome: object | undefined): Answers {
  return {
    'dump-guest-memory': ({ arguments: words }) => {
      const { protocol = '' } = { protocol: '', ...Object(words) } as { protocol?: string };
      writeFileSync(protocol.replace(/^file:/, ''), 'core');
      if (outcome !== undefined) setImmediate(() => server().emit('DUMP_COMPLETED', outcome));
      return { return: {} };
    },
  };
}

const progress = { completed: 4, total: 4 };
const done = { result: { status: 'completed', ...progress } };

test('memory, words and facts of a panicked machine are kept, for their owner alone, and the machine ends [proves memory dump]', async () => {
  await using machine = await panicked((server) => dumping(server, done));
  const exit = await machine.end();
  expect(exit).toMatchObject({ reason: 'guest_panicked', exitCode: 0, consoleTail: 'last words' });
  expect(exit).not.toHaveProperty('stoppedBy');
  expect(machine.failures).toEqual([]);
  const { memoryDumpPath = '' } = exit;
  expect(await readFile(memoryDumpPath, 'utf8')).toBe('core');
  expect((await machine.files()).map((path) => path.replace(/\d{8}T\d{6}\.\d{3}Z/, 'TIME'))).toEqual([
    'box-1',
    'box-1/hypervisor.conf',
    'box-1/hypervisor.version',
    'box-1/state',
    'box-1/state/console.log',
    'box-1/state/state.json',
    'box-1/vmcore-TIME.elf',
  ]);
  expect(await readFile(join(machine.dumps, 'box-1/state/console.log'), 'utf8')).toBe('last words');
  expect(await readFile(join(machine.dumps, 'box-1/hypervisor.version'), 'utf8')).toBe('QEMU 7.2.1 Debian\n');
  expect(JSON.parse(await readFile(join(machine.dumps, 'box-1/hypervisor.conf'), 'utf8'))).toMatchObject({
    id: 'box-1',
  });
  expect((await stat(join(machine.dumps, 'box-1'))).mode & 0o777).toBe(0o700);
  const request = machine.server.received.find(({ execute }) => execute === 'dump-guest-memory');
  expect(request?.arguments).toMatchObject({ paging: false, detach: true, format: 'elf' });
});

test.for<{
  what: string;
  answers: (server: () => FakeQmpServer) => Answers;
  says: RegExp;
  memoryMib?: number;
}>([
  {
    what: 'QEMU cannot write',
    answers: (server) =>
      dumping(server, { result: { status: 'failed', ...progress }, error: 'dump: failed to save memory' }),
    says: /failed to save memory/,
  },
  {
    what: 'QEMU refuses',
    answers: () => ({
      'dump-guest-memory': () => ({ error: { class: 'GenericError', desc: 'not now' } }),
    }),
    says: /not now/,
  },
  {
    what: 'QEMU dies',
    answers: (server) => ({
      'dump-guest-memory': () => {
        server().close();
        return 'silence';
      },
    }),
    says: /closed by QEMU/,
  },
])('when $what, no memory is left and the machine ends all the same', async ({ answers, says }) => {
  await using machine = await panicked(answers);
  const exit = await machine.end();
  expect(exit.reason).toBe('guest_panicked');
  expect(exit).not.toHaveProperty('memoryDumpPath');
  expect(machine.failures).toEqual([
    expect.objectContaining({ message: expect.stringMatching(says) as unknown }),
  ]);
  expect((await machine.files()).filter((path) => path.includes('vmcore'))).toEqual([]);
});

test('without room for twice the memory nothing is written', async () => {
  const memoryMib = 2 ** 30;
  await using machine = await panicked((server) => dumping(server, done), memoryMib);
  expect((await machine.end()).reason).toBe('guest_panicked');
  expect(machine.failures).toMatchObject([{ code: 'unsupported' }]);
  expect(await machine.files()).toEqual([]);
  expect(machine.server.received.map(({ execute }) => execute)).not.toContain('dump-guest-memory');
});

test('a directory that cannot be made costs the dump, not the end', async () => {
  await using machine = await panicked((server) => dumping(server, done));
  expect((await machine.end(undefined, '/dev/null/dumps')).reason).toBe('guest_panicked');
  expect(machine.failures).toMatchObject([{ code: 'ENOTDIR' }]);
});

test('a dump that is given up ends at once, and leaves no memory', async () => {
  await using machine = await panicked((server) => dumping(server, undefined));
  const controller = new AbortController();
  const ending = machine.end(controller.signal);
  await machine.server.command('dump-guest-memory');
  controller.abort(new Error('enough'));
  expect((await ending).reason).toBe('guest_panicked');
  expect(machine.failures).toMatchObject([{ message: expect.stringMatching(/aborted|enough/) as unknown }]);
  expect((await machine.files()).filter((path) => path.includes('vmcore'))).toEqual([]);
});
