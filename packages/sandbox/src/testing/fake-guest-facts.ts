// SPDX-License-Identifier: Apache-2.0
import type { GuestDetailsResponse, MemoryData, StatsContainerResponse } from '@hako/protocols/agent';

const mib = 1n << 20n;

function memoryData(usage: bigint, limit: bigint): MemoryData {
  return { usage, maxUsage: usage, failcnt: 0n, limit };
}

/** What a fake guest says a container uses: 1.5 s of CPU, 8 of 64 MiB, 3 processes, 1 MiB read from two disks. */
export function fakeStats(): StatsContainerResponse {
  return {
    cgroupStats: {
      cpuStats: {
        cpuUsage: {
          totalUsage: 1_500_000_000n,
          percpuUsage: [],
          usageInKernelmode: 500_000_000n,
          usageInUsermode: 1_000_000_000n,
        },
        throttlingData: undefined,
      },
      memoryStats: {
        cache: 0n,
        usage: memoryData(8n * mib, 64n * mib),
        swapUsage: undefined,
        kernelUsage: undefined,
        useHierarchy: true,
        stats: {},
      },
      pidsStats: { current: 3n, limit: 0n },
      blkioStats: {
        ioServiceBytesRecursive: [
          { major: 8n, minor: 0n, op: 'read', value: mib / 2n },
          { major: 8n, minor: 16n, op: 'Read', value: mib / 2n },
          { major: 8n, minor: 0n, op: 'rios', value: 12n },
        ],
        ioServicedRecursive: [],
        ioQueuedRecursive: [],
        ioServiceTimeRecursive: [],
        ioWaitTimeRecursive: [],
        ioMergedRecursive: [],
        ioTimeRecursive: [],
        sectorsRecursive: [],
      },
      hugetlbStats: {},
    },
    networkStats: [],
  };
}

/** What a fake guest says of itself. */
export function fakeGuestDetails(): GuestDetailsResponse {
  return {
    memBlockSizeBytes: 128n * mib,
    supportMemHotplugProbe: false,
    agentDetails: {
      version: 'fake',
      initDaemon: true,
      deviceHandlers: ['blk'],
      storageHandlers: ['virtio-fs'],
      supportsSeccomp: false,
      extraFeatures: [],
    },
  };
}
