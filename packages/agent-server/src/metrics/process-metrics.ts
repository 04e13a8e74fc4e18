// SPDX-License-Identifier: Apache-2.0
import { itemGauge, type MetricFamily } from './exposition.ts';
import { keyedValues, msPerClockTick, wholeNumber, wordsOf } from './proc-text.ts';

const bytesPerKib = 1024;
const msPerSecond = 1000;

/** Keys of `/proc/self/status` that are exported, in kibibytes or as counts. Upstream's names are theirs in lower case. */
const statusKeys = [
  'VmPeak',
  'VmSize',
  'VmLck',
  'VmPin',
  'VmHWM',
  'VmRSS',
  'RssAnon',
  'RssFile',
  'RssShmem',
  'VmData',
  'VmStk',
  'VmExe',
  'VmLib',
  'VmPTE',
  'VmSwap',
  'HugetlbPages',
  'voluntary_ctxt_switches',
  'nonvoluntary_ctxt_switches',
];

/** `/proc/self/io` as it is. */
const ioKeys = ['rchar', 'wchar', 'syscr', 'syscw', 'read_bytes', 'write_bytes', 'cancelled_write_bytes'];

/** Places of `/proc/self/stat` counted from the state, which follows the name in parentheses. Source: proc(5). */
const statFields = { utime: 11, stime: 12, cutime: 13, cstime: 14, threads: 17, vsize: 20 } as const;

function readStat(text: string): (field: keyof typeof statFields) => number | bigint | undefined {
  // The name may hold spaces and parentheses: the fields begin behind the last one.
  const words = wordsOf(text.slice(text.lastIndexOf(')') + 1));
  return (field) => wholeNumber(words[statFields[field]]);
}

/** Texts of files below `/proc/self`; empty for one that could not be read. */
export interface ProcessTexts {
  readonly stat: string;
  readonly status: string;
  readonly io: string;
}

/** What the agent's own process uses, under the names of Kata's agent. */
export function processMetrics({ stat, status, io }: ProcessTexts): readonly MetricFamily[] {
  const field = readStat(stat);
  const statusValues = keyedValues(status);
  const ioValues = keyedValues(io);
  const gauge = (name: string, help: string, value: number | bigint | undefined): MetricFamily => ({
    name,
    kind: 'gauge',
    help,
    samples: value === undefined ? [] : [{ value }],
  });
  const [user, system] = [field('utime'), field('stime')];
  const totalTicks = user === undefined || system === undefined ? undefined : Number(user) + Number(system);
  const rssKib = statusValues.get('VmRSS');
  return [
    gauge('kata_agent_threads', 'Threads of the agent', field('threads')),
    gauge(
      'kata_agent_total_time',
      'CPU time of the agent in seconds',
      totalTicks === undefined ? undefined : (totalTicks * msPerClockTick) / msPerSecond,
    ),
    gauge('kata_agent_total_vm', 'Virtual memory of the agent in bytes', field('vsize')),
    gauge(
      'kata_agent_total_rss',
      'Resident memory of the agent in bytes',
      rssKib === undefined ? undefined : Number(rssKib) * bytesPerKib,
    ),
    itemGauge(
      'kata_agent_proc_status',
      'Values of /proc/self/status, memory in KiB',
      statusKeys.map((key) => [key.toLowerCase(), statusValues.get(key)]),
    ),
    itemGauge(
      'kata_agent_io_stat',
      'Values of /proc/self/io',
      ioKeys.map((key) => [key, ioValues.get(key)]),
    ),
    itemGauge(
      'kata_agent_proc_stat',
      'CPU times of the agent and its children in clock ticks',
      (['utime', 'stime', 'cutime', 'cstime'] as const).map((key) => [key, field(key)]),
    ),
  ];
}
