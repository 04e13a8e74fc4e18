// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, BenchmarkCase, Effort, Figures } from '../frame/benchmark.ts';
import { accesses, fioCommand, readFio } from './fio.ts';
import { whyNoFio } from './fio-image.ts';
import { prepareFioSubjects, type FioSubject } from './fio-subjects.ts';
import { measureOwner } from './owner-memory.ts';
import { measureCommand, StdioRoads, wholeMebibytes } from './stdio-roads.ts';

const fioSeconds = 5;
/** Output of one measurement, by what the road can carry in a few seconds. */
const fastMib = 256;
const slowMib = 16;

function fioCases(subjects: readonly FioSubject[], seconds: number): BenchmarkCase[] {
  return accesses.map((access) => ({
    name: access.name,
    title: access.title,
    subjects: subjects.map(({ name }) => name),
    figures: [
      { name: 'rate', title: 'throughput', unit: 'MB/s', digits: 1, better: 'higher' },
      { name: 'operations', title: 'operations', unit: '1/s', digits: 0, better: 'higher' },
      { name: 'p99', title: '99th percentile', unit: 'µs', digits: 0, better: 'lower' },
    ],
    measure: async (name) => {
      const subject = subjects.find((each) => each.name === name);
      if (subject === undefined) throw new Error(`no such subject: ${name}`);
      return readFio(await subject.run(fioCommand(access, subject.directory, seconds)), access);
    },
  }));
}

function stdioCase(roads: StdioRoads, scale: number): BenchmarkCase {
  const [fast, slow] = [wholeMebibytes(fastMib * scale), wholeMebibytes(slowMib * scale)];
  const measures = new Map<string, () => Promise<Figures>>([
    ['raw', () => roads.raw(fast)],
    ['piped', () => roads.piped(fast)],
    ['command', () => measureCommand(fast)],
    ['library', () => roads.library(fast)],
    ['messages', () => roads.messages(slow)],
    ['read-stdout', () => roads.readStdout(slow)],
  ]);
  return {
    name: 'stdout',
    title: 'Standard output of a container',
    subjects: [...measures.keys()],
    figures: [{ name: 'rate', title: 'first byte to last', unit: 'MB/s', digits: 1, better: 'higher' }],
    measure: async (name) => {
      const measure = measures.get(name);
      if (measure === undefined) throw new Error(`no such subject: ${name}`);
      return measure();
    },
  };
}

const ownerCase: BenchmarkCase = {
  name: 'owner',
  title: 'Process that owns sandboxes',
  subjects: ['owner'],
  figures: [
    { name: 'perSandbox', title: 'per further sandbox', unit: 'MiB', digits: 2, better: 'lower' },
    { name: 'rss', title: 'RSS per further sandbox', unit: 'MiB', digits: 2, better: 'lower' },
    { name: 'live', title: 'live memory per further sandbox', unit: 'MiB', digits: 2, better: 'lower' },
    { name: 'one', title: 'RSS with one', unit: 'MiB', digits: 1, better: 'lower' },
    { name: 'two', title: 'RSS with two', unit: 'MiB', digits: 1, better: 'lower' },
    { name: 'four', title: 'RSS with four', unit: 'MiB', digits: 1, better: 'lower' },
    { name: 'aim', title: 'what is aimed at', unit: 'MiB', digits: 0, better: 'lower' },
  ],
  measure: measureOwner,
};

async function prepareFiles(
  undo: AsyncDisposableStack,
): Promise<{ readonly subjects: readonly FioSubject[]; readonly gaps: readonly string[] }> {
  const obstacle = await whyNoFio();
  if (obstacle !== undefined) return { subjects: [], gaps: [`Files were not measured: ${obstacle}.`] };
  const directory = await mkdtemp(join(tmpdir(), 'hako-bench-'));
  undo.defer(() => rm(directory, { recursive: true, force: true }));
  return prepareFioSubjects(undo, directory);
}

async function prepare({ scale }: Effort): ReturnType<Benchmark['prepare']> {
  await using undo = new AsyncDisposableStack();
  const { subjects, gaps } = await prepareFiles(undo);
  const roads = undo.use(await StdioRoads.prepare());
  const owned = undo.move();
  const stdout = { case: 'stdout', figure: 'rate', bound: 'at least' } as const;
  return {
    subjects: [
      ...subjects.map(({ name, title }) => ({ name, title })),
      { name: 'raw', title: 'raw virtio-serial' },
      { name: 'piped', title: 'raw behind a pipe' },
      { name: 'command', title: 'hako run' },
      { name: 'library', title: 'library' },
      { name: 'messages', title: 'by messages' },
      { name: 'read-stdout', title: 'ReadStdout' },
      { name: 'owner', title: 'owner process' },
    ],
    cases: [
      ...fioCases(subjects, Math.max(1, Math.round(fioSeconds * scale))),
      stdioCase(roads, scale),
      ownerCase,
    ],
    targets: [
      { ...stdout, subject: 'command', against: { subject: 'read-stdout', figure: 'rate' }, ratio: 5 },
      { ...stdout, subject: 'command', against: { subject: 'raw', figure: 'rate' }, ratio: 0.6 },
      {
        case: 'owner',
        figure: 'perSandbox',
        subject: 'owner',
        against: { subject: 'owner', figure: 'aim' },
        bound: 'at most',
        ratio: 1,
      },
    ],
    notes: [
      'fio: one thread with ordinary reads and writes on a file of 64 MiB; all files lie in the same file system of the host.',
      'The page cache of the reader is dropped before each measurement and that of the host is not: what a guest reads comes from the memory of the host.',
      "Writes are as fast as the writer's kernel takes them, which on the host is the speed of memory; the flush at their end is not in the time.",
      'Standard output: dd of zeroes in pieces of 64 KiB. Raw means that it writes into the device of a port, and a bare socket reads at the other end; behind a pipe, that a second dd moves them there from a pipe, as containers have one.',
      'hako run starts a machine each time; the time counts from its first byte.',
      'The owner is a Node process without QEMU and virtiofsd, after garbage collection, with one to four sandboxes. It may shrink while it makes more of them, as what the start has taken is given back late; so what is judged is the larger of its growth (RSS) and that of its live memory (heap in use and external).',
      ...gaps,
    ],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Files and standard output of a container, beside the same on the host, and what a sandbox takes of its owner. */
export const ioBenchmark: Benchmark = { name: 'io', title: 'Files, output and memory of a sandbox', prepare };
