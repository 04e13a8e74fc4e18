// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';

/** One line of the format: a comment, or name, labels and number. */
const lineOfText =
  /^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? -?[\d.]+(?:e[+-]?\d+)?)$/;

function valueOf(text: string, sample: string): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${sample} `));
  if (line === undefined) throw new Error(`no sample ${sample}`);
  return Number(line.slice(sample.length + 1));
}

describe.each(testedAgents)('GetMetrics $title', ({ skip, start }) => {
  test.skipIf(skip)("gives text for Prometheus with upstream's families", async () => {
    await using harness = await start();
    const { metrics } = await harness.client.getMetrics({});
    const lines = metrics.split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.filter((line) => !lineOfText.test(line))).toEqual([]);
    const families = lines.flatMap((line) => /^# TYPE (\w+) (\w+)$/.exec(line)?.slice(1).join(' ') ?? []);
    expect(families).toEqual(
      expect.arrayContaining([
        'kata_agent_scrape_count counter',
        'kata_agent_threads gauge',
        'kata_agent_total_time gauge',
        'kata_agent_total_vm gauge',
        'kata_agent_total_rss gauge',
        'kata_agent_proc_status gauge',
        'kata_agent_io_stat gauge',
        'kata_agent_proc_stat gauge',
        'kata_guest_load gauge',
        'kata_guest_tasks gauge',
        'kata_guest_cpu_time gauge',
        'kata_guest_vm_stat gauge',
        'kata_guest_netdev_stat gauge',
        'kata_guest_diskstat gauge',
        'kata_guest_meminfo gauge',
      ]),
    );
    expect(families).toEqual([...new Set(families)]);
  });

  test.skipIf(skip)('gives values that fit together', async () => {
    await using harness = await start();
    const { metrics } = await harness.client.getMetrics({});
    const total = valueOf(metrics, 'kata_guest_meminfo{item="mem_total"}');
    expect(total % 1024).toBe(0);
    expect(valueOf(metrics, 'kata_guest_meminfo{item="mem_free"}')).toBeLessThan(total);
    expect(valueOf(metrics, 'kata_agent_total_rss')).toBeLessThan(total);
    expect(valueOf(metrics, 'kata_agent_total_rss')).toBeGreaterThan(2 ** 20);
    expect(valueOf(metrics, 'kata_agent_threads')).toBeGreaterThan(0);
    expect(valueOf(metrics, 'kata_guest_cpu_time{cpu="total",item="user"}')).toBeGreaterThan(0);
    expect(valueOf(metrics, 'kata_guest_netdev_stat{interface="lo",item="recv_bytes"}')).toBeGreaterThan(-1);
  });

  test.skipIf(skip)('counts scrapes, and calls with what they took, refused ones too', async () => {
    await using harness = await start();
    await harness.client.getMetrics({});
    await expect(harness.client.statsContainer({ containerId: 'nope' })).rejects.toMatchObject({
      code: Status.INVALID_ARGUMENT,
    });
    const { metrics } = await harness.client.getMetrics({});
    const family = 'kata_agent_rpc_durations_histogram_milliseconds';
    expect(valueOf(metrics, 'kata_agent_scrape_count')).toBe(2);
    expect(valueOf(metrics, `${family}_count{action="GetMetrics"}`)).toBe(1);
    expect(valueOf(metrics, `${family}_count{action="StatsContainer"}`)).toBe(1);
    expect(valueOf(metrics, `${family}_bucket{action="StatsContainer",le="+Inf"}`)).toBe(1);
    expect(valueOf(metrics, `${family}_sum{action="GetMetrics"}`)).toBeGreaterThan(0);
  });
});
