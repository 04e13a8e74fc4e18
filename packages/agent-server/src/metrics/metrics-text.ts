// SPDX-License-Identifier: Apache-2.0
import { readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mounter } from '../system/mounter.ts';
import type { CallDurations } from './call-durations.ts';
import { callMetrics } from './call-metrics.ts';
import { formatExposition, type MetricFamily } from './exposition.ts';
import { filesystemMetrics } from './filesystem-metrics.ts';
import { guestMetrics } from './guest-metrics.ts';
import { processMetrics } from './process-metrics.ts';

/** What the text is made from. */
export interface MetricsSources {
  readonly callDurations: CallDurations;
  readonly mounter: Pick<Mounter, 'list'>;
  /** How often the text has been asked for, this time included. */
  readonly scrapeCount: number;
  /** Default `/proc`. */
  readonly procDir?: string;
}

/** The agent's metrics in Prometheus's text format. A file that cannot be read leaves its families out. */
export async function metricsText(sources: MetricsSources): Promise<string> {
  const { callDurations, mounter, scrapeCount, procDir = '/proc' } = sources;
  const read = (name: string) => readFile(join(procDir, name), 'utf8').catch(() => '');
  const [stat, status, io, loadavg, guestStat, vmstat, netdev, diskstats, meminfo, mounts] =
    await Promise.all([
      read('self/stat'),
      read('self/status'),
      read('self/io'),
      read('loadavg'),
      read('stat'),
      read('vmstat'),
      read('net/dev'),
      read('diskstats'),
      read('meminfo'),
      mounter.list().catch(() => []),
    ]);
  const scrapes: MetricFamily = {
    name: 'kata_agent_scrape_count',
    kind: 'counter',
    help: 'How often metrics were asked for',
    samples: [{ value: scrapeCount }],
  };
  return formatExposition([
    scrapes,
    ...processMetrics({ stat, status, io }),
    callMetrics(callDurations.histograms),
    ...guestMetrics({ loadavg, stat: guestStat, vmstat, netdev, diskstats, meminfo }),
    ...(await filesystemMetrics(mounts, (path) => statfs(path, { bigint: true }))),
  ]);
}
