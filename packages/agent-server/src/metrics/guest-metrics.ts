// SPDX-License-Identifier: Apache-2.0
import { itemGauge, type MetricFamily, type MetricLabels, type MetricSample } from './exposition.ts';
import { memoryMetrics } from './memory-metrics.ts';
import { linesOf, msPerClockTick, wholeNumber, wordsOf } from './proc-text.ts';

const cpuItems = [
  'user',
  'nice',
  'system',
  'idle',
  'iowait',
  'irq',
  'softirq',
  'steal',
  'guest',
  'guest_nice',
];
const networkItems = [
  ...['recv_bytes', 'recv_packets', 'recv_errs', 'recv_drop', 'recv_fifo', 'recv_frame', 'recv_compressed'],
  ...['recv_multicast', 'sent_bytes', 'sent_packets', 'sent_errs', 'sent_drop', 'sent_fifo', 'sent_colls'],
  ...['sent_carrier', 'sent_compressed'],
];
const diskItems = [
  ...['reads', 'merged', 'sectors_read', 'time_reading', 'writes', 'writes_merged', 'sectors_written'],
  ...['time_writing', 'in_progress', 'time_in_progress', 'weighted_time_in_progress', 'discards'],
  ...['discards_merged', 'sectors_discarded', 'time_discarding', 'flushes', 'time_flushing'],
];
/** In `/proc/diskstats` major, minor and name come before the counters. */
const diskNameAt = 2;

/** One value per item and row; columns the kernel does not have are left out. */
function rowSamples(
  labels: MetricLabels,
  items: readonly string[],
  words: readonly string[],
  convert: (value: number | bigint) => number | bigint = (value) => value,
): MetricSample[] {
  return items.flatMap((item, index) => {
    const value = wholeNumber(words[index]);
    return value === undefined ? [] : [{ labels: { ...labels, item }, value: convert(value) }];
  });
}

function cpuSamples(stat: string): MetricSample[] {
  return linesOf(stat).flatMap((line) => {
    const [name = '', ...words] = wordsOf(line);
    const match = /^cpu(\d*)$/.exec(name);
    if (match === null) return [];
    const cpu = match[1] === undefined || match[1] === '' ? 'total' : match[1];
    return rowSamples({ cpu }, cpuItems, words, (ticks) => Number(ticks) * msPerClockTick);
  });
}

function networkSamples(netdev: string): MetricSample[] {
  return linesOf(netdev).flatMap((line) => {
    // Two lines of headings have no colon.
    const colon = line.lastIndexOf(':');
    if (colon < 0) return [];
    return rowSamples(
      { interface: line.slice(0, colon).trim() },
      networkItems,
      wordsOf(line.slice(colon + 1)),
    );
  });
}

function diskSamples(diskstats: string): MetricSample[] {
  return linesOf(diskstats).flatMap((line) => {
    const words = wordsOf(line);
    const disk = words[diskNameAt];
    return disk === undefined ? [] : rowSamples({ disk }, diskItems, words.slice(diskNameAt + 1));
  });
}

function loadItems(loadavg: string): readonly (readonly [string, number | undefined])[] {
  const words = wordsOf(loadavg);
  return ['load1', 'load5', 'load15'].map((item, index) => {
    const value = Number.parseFloat(words[index] ?? '');
    return [item, Number.isFinite(value) ? value : undefined];
  });
}

/** Texts of files below `/proc`; empty for one that could not be read. */
export interface GuestTexts {
  readonly loadavg: string;
  readonly stat: string;
  readonly vmstat: string;
  readonly netdev: string;
  readonly diskstats: string;
  readonly meminfo: string;
}

/** What the guest as a whole uses, under the names of Kata's agent. */
export function guestMetrics(texts: GuestTexts): readonly MetricFamily[] {
  const [current, most] = (wordsOf(texts.loadavg)[3] ?? '').split('/');
  const gauge = (name: string, help: string, samples: readonly MetricSample[]): MetricFamily => ({
    name,
    kind: 'gauge',
    help,
    samples,
  });
  return [
    itemGauge('kata_guest_load', 'Load averages of the guest', loadItems(texts.loadavg)),
    itemGauge('kata_guest_tasks', 'Runnable and existing tasks of the guest', [
      ['cur', wholeNumber(current)],
      ['max', wholeNumber(most)],
    ]),
    gauge('kata_guest_cpu_time', 'CPU times of the guest in milliseconds', cpuSamples(texts.stat)),
    itemGauge(
      'kata_guest_vm_stat',
      'Values of /proc/vmstat',
      linesOf(texts.vmstat).map((line) => {
        const [item = '', value] = wordsOf(line);
        return [item, wholeNumber(value)];
      }),
    ),
    gauge('kata_guest_netdev_stat', 'Counters of network interfaces', networkSamples(texts.netdev)),
    gauge('kata_guest_diskstat', 'Counters of block devices', diskSamples(texts.diskstats)),
    memoryMetrics(texts.meminfo),
  ];
}
