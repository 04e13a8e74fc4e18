// SPDX-License-Identifier: Apache-2.0
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { ContainerDevices } from '../devices/container-devices.ts';
import { SandboxHooks } from '../hooks/sandbox-hooks.ts';
import { Lifeline } from '../lifeline.ts';
import { silentLogger } from '../logger.ts';
import { FakeGuestAgent, type AgentMethod } from '../testing/fake-guest-agent.ts';
import { sandboxWorld } from '../testing/sandbox-world.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { Timeline } from '../timeline.ts';
import type { ContainerHost } from './container-host.ts';
import { createContainer } from './create-container.ts';

/** What is made for a container, in this order. */
const steps = ['room', 'hooks', 'shares', 'devices', 'container'] as const;
type Step = (typeof steps)[number];

/** Where creation can fail. `before` a step has left something, or `after` it has. */
const failures = [
  ...steps.map((step) => ({ step, when: 'before' as const })),
  ...steps.map((step) => ({ step, when: 'after' as const })),
  { step: 'seccomp' as const, when: 'before' as const },
  { step: 'provide' as const, when: 'before' as const },
  { step: 'note' as const, when: 'before' as const },
  { step: 'start' as const, when: 'before' as const },
];
type Failure = (typeof failures)[number];

const image = {
  reference: 'test',
  readOnly: false,
  command: ['echo'],
  entrypoint: [],
  env: [],
  cwd: '/',
  user: '',
};

/** A host whose every part writes down in a file what it does and takes back, and that fails at one place. */
function brokenHost(log: string, failure: Failure | undefined): ContainerHost {
  const write = (line: string): Promise<void> => appendFile(log, `${line}\n`);
  const reach = async (step: Failure['step'], when: Failure['when']): Promise<void> => {
    await Promise.resolve();
    if (failure?.step === step && failure.when === when) throw new Error(`broken ${when} ${step}`);
  };
  const make = async (step: Step): Promise<void> => {
    await reach(step, 'before');
    await write(`+${step}`);
    await reach(step, 'after');
  };
  const methods: Partial<Record<AgentMethod, () => Promise<void>>> = {
    getGuestDetails: () => reach('seccomp', 'before'),
    createContainer: () => make('container'),
    startContainer: () => reach('start', 'before'),
    removeContainer: () => write('-container'),
  };
  const agent = new FakeGuestAgent({
    programs: { echo: () => Promise.resolve(0) },
    before: (method) => methods[method]?.(),
  });
  const { agentDetails } = agent.details;
  if (agentDetails !== undefined) agentDetails.supportsSeccomp = true;
  const devices: ContainerDevices = {
    mounts: [],
    volumes: [],
    hasBlockRoot: false,
    hasAny: true,
    attach: async () => {
      await make('devices');
      return { devices: [], storages: [], edit: (spec) => spec };
    },
    detach: () => write('-devices'),
  };
  return {
    hostname: 'box',
    hasResolver: false,
    sharesPidNamespace: false,
    share: { add: () => make('shares'), remove: () => write('-shares') },
    devices: { machineRuns: Promise.resolve(), open: () => Promise.resolve(devices) },
    room: {
      admit: () => make('room'),
      provide: () => reach('provide', 'before'),
      release: () => undefined,
      keepVolumes: () => Promise.resolve(),
      update: () => Promise.resolve(),
    },
    notes: {
      add: () => reach('note', 'before'),
      noteEnd: () => Promise.resolve(),
      notePaused: () => Promise.resolve(),
      remove: () => Promise.resolve(),
    },
    hooks: new SandboxHooks(silentLogger),
    lifeline: new Lifeline(),
    timeline: new Timeline(),
    ready: Promise.resolve(agent),
  };
}

/** Creates and starts one container and removes it, as far as it comes. Returns what was written down. */
async function life(
  failure: Failure | undefined,
): Promise<{ log: string[]; failed: boolean; endings: number }> {
  await using directory = await temporaryDirectory();
  const log = join(directory.path, 'log');
  await writeFile(log, '');
  const host = brokenHost(log, failure);
  const isHookBroken = failure?.step === 'hooks';
  const hook = (script: string) => ({ path: '/bin/sh', args: ['sh', '-c', script] });
  const prestart = isHookBroken && failure.when === 'before' ? 'exit 1' : `echo +hooks >> ${log}`;
  const spec = {
    ociVersion: '1.1.0',
    hooks: {
      prestart: [hook(isHookBroken && failure.when === 'after' ? `${prestart}; exit 1` : prestart)],
      poststop: [hook(`echo -hooks >> ${log}`)],
    },
    linux: { seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } },
  };
  let failed = false;
  try {
    const own = { ...image, rootfs: directory.path, bundle: directory.path, spec };
    const container = await createContainer(host, 'box', { image: own }, () => undefined);
    container.discardOutput();
    await container.start();
    await container.remove();
  } catch {
    failed = true;
  }
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  return { log: lines, failed, endings: host.hooks.endings.size };
}

test('a container that is made and removed takes back what it had, last first', async () => {
  const { log, failed, endings } = await life(undefined);
  expect(failed).toBe(false);
  expect(log).toEqual([
    '+room',
    '+hooks',
    '+shares',
    '+devices',
    '+container',
    '-container',
    '-devices',
    '-shares',
    '-hooks',
  ]);
  expect(endings).toBe(0);
});

test('whatever fails, everything that was done is taken back in reverse order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...failures), async (failure) => {
      const { log, failed, endings } = await life(failure);
      expect(failed).toBe(true);
      expect(endings).toBe(0);
      const done = log.filter((line) => line.startsWith('+')).map((line) => line.slice(1));
      const undone = log.filter((line) => line.startsWith('-')).map((line) => line.slice(1));
      expect(log.findLastIndex((line) => line.startsWith('+'))).toBeLessThan(done.length);
      // A container that the agent could not make is its own to take back, and the room's promise is no step of its own here.
      const wasMade = failure.step === 'start' || failure.step === 'note';
      const owed = done.filter((step) => step !== 'room' && (step !== 'container' || wasMade));
      for (const step of owed) expect(undone).toContain(step);
      const order = steps.toReversed().filter((step) => undone.includes(step));
      expect(undone).toEqual(order);
    }),
    { numRuns: 16, examples: failures.map((failure) => [failure]) },
  );
});

test('creation ends when its caller wants it to, though the guest still boots', async () => {
  await using world = await sandboxWorld({
    before: (method) => (method === 'check' ? new Promise(() => undefined) : undefined),
  });
  const sandbox = await world.create();
  const caller = new AbortController();
  const creation = sandbox.createContainer({ image: world.image, signal: caller.signal });
  creation.catch(() => undefined);
  await expect.poll(() => world.shares.size).toBe(1);
  caller.abort();
  await expect(creation).rejects.toMatchObject({ code: 'aborted' });
  expect(world.shares.size).toBe(0);
  expect(sandbox.state.name).toBe('starting');
  await sandbox.stop();
});
