// SPDX-License-Identifier: Apache-2.0
import { itemGauge, type MetricFamily } from './exposition.ts';
import { keyedValues } from './proc-text.ts';

const bytesPerKib = 1024;

/** Upstream's names of the lines of `/proc/meminfo`. */
const items: readonly (readonly [key: string, item: string])[] = [
  ['MemTotal', 'mem_total'],
  ['MemFree', 'mem_free'],
  ['MemAvailable', 'mem_available'],
  ['Buffers', 'buffers'],
  ['Cached', 'cached'],
  ['SwapCached', 'swap_cached'],
  ['Active', 'active'],
  ['Inactive', 'inactive'],
  ['Active(anon)', 'active_anon'],
  ['Inactive(anon)', 'inactive_anon'],
  ['Active(file)', 'active_file'],
  ['Inactive(file)', 'inactive_file'],
  ['Unevictable', 'unevictable'],
  ['Mlocked', 'mlocked'],
  ['HighTotal', 'high_total'],
  ['HighFree', 'high_free'],
  ['LowTotal', 'low_total'],
  ['LowFree', 'low_free'],
  ['MmapCopy', 'mmap_copy'],
  ['SwapTotal', 'swap_total'],
  ['SwapFree', 'swap_free'],
  ['Dirty', 'dirty'],
  ['Writeback', 'writeback'],
  ['AnonPages', 'anon_pages'],
  ['Mapped', 'mapped'],
  ['Shmem', 'shmem'],
  ['Slab', 'slab'],
  ['SReclaimable', 's_reclaimable'],
  ['SUnreclaim', 's_unreclaim'],
  ['KernelStack', 'kernel_stack'],
  ['PageTables', 'page_tables'],
  ['Quicklists', 'quicklists'],
  ['NFS_Unstable', 'nfs_unstable'],
  ['Bounce', 'bounce'],
  ['WritebackTmp', 'writeback_tmp'],
  ['CommitLimit', 'commit_limit'],
  ['Committed_AS', 'committed_as'],
  ['VmallocTotal', 'vmalloc_total'],
  ['VmallocUsed', 'vmalloc_used'],
  ['VmallocChunk', 'vmalloc_chunk'],
  ['HardwareCorrupted', 'hardware_corrupted'],
  ['AnonHugePages', 'anon_hugepages'],
  ['ShmemHugePages', 'shmem_hugepages'],
  ['ShmemPmdMapped', 'shmem_pmd_mapped'],
  ['CmaTotal', 'cma_total'],
  ['CmaFree', 'cma_free'],
  ['HugePages_Total', 'hugepages_total'],
  ['HugePages_Free', 'hugepages_free'],
  ['HugePages_Rsvd', 'hugepages_rsvd'],
  ['HugePages_Surp', 'hugepages_surp'],
  ['Hugepagesize', 'hugepagesize'],
  ['DirectMap4k', 'direct_map_4k'],
  ['DirectMap4M', 'direct_map_4M'],
  ['DirectMap2M', 'direct_map_2M'],
  ['DirectMap1G', 'direct_map_1G'],
  ['Hugetlb', 'hugetlb'],
  ['Percpu', 'per_cpu'],
  ['KReclaimable', 'k_reclaimable'],
];

/** Lines that count pages; the others are in KiB. */
const counts = /^HugePages_/;

/** The guest's memory in bytes, from the text of `/proc/meminfo`. */
export function memoryMetrics(text: string): MetricFamily {
  const values = keyedValues(text);
  return itemGauge(
    'kata_guest_meminfo',
    'Values of /proc/meminfo in bytes, of huge pages in pages',
    items.map(([key, item]) => {
      const value = values.get(key);
      if (value === undefined || counts.test(key)) return [item, value];
      return [item, BigInt(value) * BigInt(bytesPerKib)];
    }),
  );
}
