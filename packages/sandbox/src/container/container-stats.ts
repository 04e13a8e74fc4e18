// SPDX-License-Identifier: Apache-2.0
import type {
  BlkioStatsEntry,
  CgroupStats,
  NetworkStats,
  StatsContainerResponse,
} from '@hako/protocols/agent';

/** Processor time of a container, in nanoseconds since its making. */
export interface CpuUsage {
  readonly totalNs: bigint;
  readonly userNs: bigint;
  readonly kernelNs: bigint;
  /** Periods of its quota that have passed, and those in which it was held back. */
  readonly quotaPeriods: bigint;
  readonly throttledPeriods: bigint;
  readonly throttledNs: bigint;
}

/** Memory of a container. */
export interface MemoryUsage {
  readonly usageBytes: bigint;
  /** The most it ever used; 0 where the guest kernel does not keep it. */
  readonly peakBytes: bigint;
  /** Absent: none of its own, the machine's memory is the limit. */
  readonly limitBytes?: bigint;
  /** How often it came up against the limit. */
  readonly limitHits: bigint;
}

/** Processes and threads of a container. */
export interface PidsUsage {
  readonly current: bigint;
  /** Absent: none. */
  readonly limit?: bigint;
}

/** What a container read from and wrote to the block devices of the guest; shared directories are none. */
export interface BlockIoUsage {
  readonly readBytes: bigint;
  readonly writtenBytes: bigint;
}

/** Traffic of one interface of the guest, which all containers of a sandbox share. */
export interface InterfaceUsage {
  /** Its name. Guest text: escape it before printing. */
  readonly name: string;
  readonly receivedBytes: bigint;
  readonly receivedPackets: bigint;
  readonly receiveErrors: bigint;
  readonly receiveDrops: bigint;
  readonly sentBytes: bigint;
  readonly sentPackets: bigint;
  readonly sendErrors: bigint;
  readonly sendDrops: bigint;
}

/**
 * What a container uses, as the guest's cgroup counts it. A part is absent when the guest has no such controller. Counters
 * are bigint: nanoseconds and the kernel's word for "no limit" do not fit a double.
 */
export interface ContainerStats {
  readonly cpu?: CpuUsage;
  readonly memory?: MemoryUsage;
  readonly pids?: PidsUsage;
  readonly blockIo?: BlockIoUsage;
  readonly interfaces: readonly InterfaceUsage[];
}

/** Cgroups of version 1 word "no limit" as the largest number of whole pages; nothing real comes near. */
const unlimitedFrom = 1n << 62n;

/**
 * Reads the agent's answer.
 * @param response StatsContainer's
 */
export function toContainerStats({ cgroupStats, networkStats }: StatsContainerResponse): ContainerStats {
  return { ...cgroupParts(cgroupStats), interfaces: networkStats.map(toInterfaceUsage) };
}

function cgroupParts(stats: CgroupStats | undefined): Omit<ContainerStats, 'interfaces'> {
  const { cpuStats, memoryStats, pidsStats, blkioStats } = stats ?? {};
  const { cpuUsage, throttlingData } = cpuStats ?? {};
  const memory = memoryStats?.usage;
  return {
    ...(cpuUsage === undefined
      ? {}
      : {
          cpu: {
            totalNs: cpuUsage.totalUsage,
            userNs: cpuUsage.usageInUsermode,
            kernelNs: cpuUsage.usageInKernelmode,
            quotaPeriods: throttlingData?.periods ?? 0n,
            throttledPeriods: throttlingData?.throttledPeriods ?? 0n,
            throttledNs: throttlingData?.throttledTime ?? 0n,
          },
        }),
    ...(memory === undefined
      ? {}
      : {
          memory: {
            usageBytes: memory.usage,
            peakBytes: memory.maxUsage,
            limitHits: memory.failcnt,
            ...limited('limitBytes', memory.limit),
          },
        }),
    ...(pidsStats === undefined
      ? {}
      : { pids: { current: pidsStats.current, ...limited('limit', pidsStats.limit) } }),
    ...(blkioStats === undefined
      ? {}
      : {
          blockIo: {
            readBytes: sum(blkioStats.ioServiceBytesRecursive, 'read'),
            writtenBytes: sum(blkioStats.ioServiceBytesRecursive, 'write'),
          },
        }),
  };
}

function limited<Name extends string>(name: Name, limit: bigint): { readonly [Key in Name]?: bigint } {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- a computed key widens to string
  return limit > 0n && limit < unlimitedFrom ? ({ [name]: limit } as { [Key in Name]: bigint }) : {};
}

/** Version 1 of cgroups says `Read`, version 2 says `read`. */
function sum(entries: readonly BlkioStatsEntry[], operation: string): bigint {
  return entries.reduce(
    (total, { op, value }) => (op.toLowerCase() === operation ? total + value : total),
    0n,
  );
}

function toInterfaceUsage(stats: NetworkStats): InterfaceUsage {
  return {
    name: stats.name,
    receivedBytes: stats.rxBytes,
    receivedPackets: stats.rxPackets,
    receiveErrors: stats.rxErrors,
    receiveDrops: stats.rxDropped,
    sentBytes: stats.txBytes,
    sentPackets: stats.txPackets,
    sendErrors: stats.txErrors,
    sendDrops: stats.txDropped,
  };
}
