// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { createSandbox, resolveImage } from '@hako/sandbox';
import type { Benchmark, Figures } from '../frame/benchmark.ts';
import { readAgentMemory } from './agent-memory.ts';

const kibPerMib = 1024;

/** A value of `/proc/PID/status` or `smaps_rollup` in MiB, see proc(5). */
function mebibytes(text: string, name: string): number {
  const match = new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(text);
  if (match === null) throw new Error(`no ${name} in ${text}`);
  return Number(match[1]) / kibPerMib;
}

async function processMemory(pid: number | 'self'): Promise<{ rss: number; pss: number }> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return { rss: mebibytes(text, 'Rss'), pss: mebibytes(text, 'Pss') };
}

async function measureSandbox(): Promise<Figures> {
  const image = await resolveImage('busybox');
  await using sandbox = await createSandbox();
  const container = await sandbox.createContainer({ image, command: ['true'] });
  container.discardOutput();
  await container.start();
  await container.wait();
  const text = await readAgentMemory(sandbox.directory);
  const owner = await processMemory('self');
  const vmm = await processMemory(sandbox.pids().vmm);
  return {
    agentRss: mebibytes(text, 'Rss'),
    agentPss: mebibytes(text, 'Pss'),
    ownerRss: owner.rss,
    vmmRss: vmm.rss,
  };
}

/** What a sandbox holds in memory: the agent in the guest, the process that owns it, QEMU. */
export const memoryBenchmark: Benchmark = {
  name: 'memory',
  title: 'Memory of a sandbox',
  prepare: () =>
    Promise.resolve({
      subjects: [{ name: 'sandbox', title: 'one sandbox' }],
      cases: [
        {
          name: 'memory',
          title: 'after boot and one container',
          figures: [
            { name: 'agentRss', title: 'agent RSS in the guest', unit: 'MiB', digits: 1, better: 'lower' },
            { name: 'agentPss', title: 'agent PSS in the guest', unit: 'MiB', digits: 1, better: 'lower' },
            { name: 'ownerRss', title: 'owner process RSS', unit: 'MiB', digits: 1, better: 'lower' },
            { name: 'vmmRss', title: 'QEMU RSS', unit: 'MiB', digits: 1, better: 'lower' },
          ],
          measure: measureSandbox,
        },
      ],
      targets: [],
      notes: [
        'The aim for the agent is 60 MiB RSS.',
        'The owner process is this benchmark, with everything the library loads.',
      ],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
};
