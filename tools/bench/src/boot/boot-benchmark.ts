// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from 'node:path';
import { locateGuestAssets, resolveCacheDirectory } from '@hako/sandbox';
import type { Benchmark, FigureInfo, Target } from '../frame/benchmark.ts';
import { BareBoot } from './bare-boot.ts';
import { measureCommand, measurePhases } from './sandbox-boot.ts';

const workspaceRoot = resolve(import.meta.dirname, '../../../..');

/** The program as `npm start` leaves it. */
const command = [process.execPath, join(workspaceRoot, 'node_modules/.cache/hako/cli.mjs')];

function milliseconds(name: string, title: string): FigureInfo {
  return { name, title, unit: 'ms', digits: 0, better: 'lower' };
}

/** A figure may take so many times the bare boot. */
function target(figure: string, subject: string, ratio: number): Target {
  return {
    case: 'boot',
    figure,
    subject,
    against: { subject: 'bare', figure: 'total' },
    bound: 'at most',
    ratio,
  };
}

/** From nothing to a container's end, beside the least that a boot of the same kernel can take. */
export const bootBenchmark: Benchmark = {
  name: 'boot',
  title: 'Boot of a sandbox',
  async prepare() {
    const { kernelPath } = await locateGuestAssets(resolveCacheDirectory());
    const bare = await BareBoot.prepare(kernelPath);
    const measures = new Map([
      ['command', () => measureCommand(command, 'always')],
      ['library', () => measurePhases('always')],
      ['cold-command', () => measureCommand(command, 'never')],
      ['cold-library', () => measurePhases('never')],
      ['bare', () => bare.measure()],
    ]);
    return {
      subjects: [
        { name: 'command', title: 'hako run' },
        { name: 'library', title: 'createSandbox' },
        { name: 'cold-command', title: 'hako run, cold' },
        { name: 'cold-library', title: 'createSandbox, cold' },
        { name: 'bare', title: 'bare boot' },
      ],
      cases: [
        {
          name: 'boot',
          title: 'hako run busybox true',
          figures: [
            milliseconds('total', 'whole'),
            milliseconds('ready', 'agent ready'),
            milliseconds('monitor', 'QEMU to QMP'),
            milliseconds('restore', 'QMP to guest running'),
            milliseconds('wake', 'guest running to agent ready'),
            milliseconds('kernel', 'kernel to init'),
            milliseconds('init', 'init to agent ready'),
            milliseconds('create', 'create sandbox and container'),
            milliseconds('start', 'start container'),
            milliseconds('firstByte', 'start to first byte'),
            milliseconds('teardown', 'teardown'),
          ],
          measure: async (subject) => {
            const measure = measures.get(subject);
            if (measure === undefined) throw new Error(`no such subject: ${subject}`);
            return measure();
          },
        },
      ],
      targets: ['', 'cold-'].flatMap((kind) => [
        target('ready', `${kind}library`, 1.4),
        target('total', `${kind}command`, 2),
      ]),
      notes: [
        'The bare boot is the same kernel under the same driver and options, with an init that powers off at once.',
        'hako run is the whole process from its start to its exit; the phases are those of the same through the library.',
        'Without more words machines start from a template, as they do by default where they are emulated; the warm-up saves it. A cold one boots, as the first of its kind does.',
        'With 10 rounds the maximum is the 95th percentile.',
      ],
      [Symbol.asyncDispose]: () => bare[Symbol.asyncDispose](),
    };
  },
};
