// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createSandbox, resolveImage } from '@hako/sandbox';
import type { Phase } from '@hako/sandbox';
import type { Figures } from '../frame/benchmark.ts';

/** Whether machines start from a template; see the options of `createSandbox`. */
export type TemplateUse = 'always' | 'never';

/** One sandbox through the library, phase by phase: `echo` in the built-in image. */
export async function measurePhases(template: TemplateUse): Promise<Figures> {
  const image = await resolveImage('busybox');
  const startMs = performance.now();
  await using sandbox = await createSandbox({ template });
  const container = await sandbox.createContainer({ image, command: ['echo'] });
  container.stderr.resume();
  const firstByte = once(container.stdout, 'readable').then(() => performance.now());
  const beforeStartMs = performance.now();
  await container.start();
  const firstByteMs = await firstByte;
  container.stdout.resume();
  await container.wait();
  const { vmPhases } = sandbox;
  const bootMs = between(vmPhases.guestRunningMs, vmPhases.agentReadyMs);
  const booted = template === 'never' ? await bootPhases(sandbox.consoleLogPath, bootMs) : { wake: bootMs };
  await sandbox.stop({ graceful: false });
  return {
    total: performance.now() - startMs,
    ready: between(startMs, vmPhases.agentReadyMs),
    monitor: between(vmPhases.vmmSpawnedMs, vmPhases.monitorReadyMs),
    restore: between(vmPhases.monitorReadyMs, vmPhases.guestRunningMs),
    ...booted,
    create: durationOf(sandbox.phases, 'create sandbox') + durationOf(sandbox.phases, 'create container'),
    start: durationOf(sandbox.phases, 'start container'),
    firstByte: firstByteMs - beforeStartMs,
    teardown: durationOf(sandbox.phases, 'teardown'),
  };
}

/** `hako run busybox true`, the whole process. */
export async function measureCommand(command: readonly string[], template: TemplateUse): Promise<Figures> {
  const startMs = performance.now();
  const [program = '', ...words] = command;
  const child = spawn(program, [...words, 'run', '--template', template, 'busybox', 'true'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(child, 'exit');
  if (child.exitCode !== 0) throw new Error(`hako run busybox true exited with ${String(child.exitCode)}`);
  return { total: performance.now() - startMs };
}

function between(earlierMs: number | undefined, laterMs: number | undefined): number {
  if (earlierMs === undefined || laterMs === undefined) throw new Error('a phase of the boot is missing');
  return laterMs - earlierMs;
}

function durationOf(phases: readonly Phase[], name: string): number {
  const phase = phases.find((each) => each.name === name);
  if (phase === undefined) throw new Error(`the sandbox has no phase ${name}`);
  return phase.durationMs;
}

/** The agent says on the console how long after its own start it was ready; a machine from a template says nothing. */
async function bootPhases(consoleLogPath: string, bootMs: number): Promise<Figures> {
  const text = await readFile(consoleLogPath, 'utf8');
  const match = /"ready-after-ms":"(\d+)"/.exec(text);
  if (match === null) throw new Error('the agent did not announce itself on the console');
  const init = Number(match[1]);
  return { kernel: bootMs - init, init };
}
