// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { formatExposition } from './exposition.ts';
import { guestMetrics, type GuestTexts } from './guest-metrics.ts';

const nothing: GuestTexts = { loadavg: '', stat: '', vmstat: '', netdev: '', diskstats: '', meminfo: '' };

/** The samples without their headings. */
function samples(texts: Partial<GuestTexts>): string[] {
  return formatExposition(guestMetrics({ ...nothing, ...texts }))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

describe('the metrics of a guest', () => {
  test.each<{
    readonly title: string;
    readonly texts: Partial<GuestTexts>;
    readonly lines: readonly string[];
  }>([
    { title: 'nothing', texts: {}, lines: [] },
    {
      title: 'load and tasks',
      texts: { loadavg: '0.50 0.25 0.00 2/113 4711\n' },
      lines: [
        'kata_guest_load{item="load1"} 0.5',
        'kata_guest_load{item="load5"} 0.25',
        'kata_guest_load{item="load15"} 0',
        'kata_guest_tasks{item="cur"} 2',
        'kata_guest_tasks{item="max"} 113',
      ],
    },
    {
      title: 'cpu times in milliseconds, of old kernels with fewer columns too',
      texts: { stat: 'cpu  3 0 1\ncpu0 3 0 1\nintr 5 6\ncpufreq 3\n' },
      lines: ['total', '0'].flatMap((cpu) => [
        `kata_guest_cpu_time{cpu="${cpu}",item="user"} 30`,
        `kata_guest_cpu_time{cpu="${cpu}",item="nice"} 0`,
        `kata_guest_cpu_time{cpu="${cpu}",item="system"} 10`,
      ]),
    },
    {
      title: 'every key of vmstat',
      texts: { vmstat: 'nr_free_pages 12\nnr_new_thing 0\n' },
      lines: ['kata_guest_vm_stat{item="nr_free_pages"} 12', 'kata_guest_vm_stat{item="nr_new_thing"} 0'],
    },
    {
      title: 'memory in bytes, huge pages in pages',
      texts: { meminfo: 'MemTotal:  2 kB\nHugePages_Total:  3\nActive(anon):  1 kB\nNewThing: 7 kB\n' },
      lines: [
        'kata_guest_meminfo{item="mem_total"} 2048',
        'kata_guest_meminfo{item="active_anon"} 1024',
        'kata_guest_meminfo{item="hugepages_total"} 3',
      ],
    },
  ])('hold $title', ({ texts, lines }) => {
    expect(samples(texts)).toEqual(lines);
  });

  test('hold all columns of interfaces, whatever their names', () => {
    const netdev = `Inter-|   Receive\n face |bytes\n  eth0:1: ${Array.from({ length: 16 }, (_, index) => index + 1).join(' ')}\n`;
    const lines = samples({ netdev });
    expect(lines).toHaveLength(16);
    expect(lines.at(0)).toBe('kata_guest_netdev_stat{interface="eth0:1",item="recv_bytes"} 1');
    expect(lines.at(8)).toBe('kata_guest_netdev_stat{interface="eth0:1",item="sent_bytes"} 9');
    expect(lines.at(15)).toBe('kata_guest_netdev_stat{interface="eth0:1",item="sent_compressed"} 16');
  });

  test('hold the columns of disks that the kernel has', () => {
    const lines = samples({ diskstats: ' 254  0 vda 1 2 3 4 5 6 7 8 9 10 11\n' });
    expect(lines).toHaveLength(11);
    expect(lines.at(0)).toBe('kata_guest_diskstat{disk="vda",item="reads"} 1');
    expect(lines.at(-1)).toBe('kata_guest_diskstat{disk="vda",item="weighted_time_in_progress"} 11');
  });
});
