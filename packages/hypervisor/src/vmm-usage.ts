// SPDX-License-Identifier: Apache-2.0

/** A CPU of the guest and the thread of the host that runs it. */
export interface VcpuThread {
  readonly index: number;
  readonly threadId: number;
}

/** What the hypervisor process of one machine uses on the host. */
export interface VmmUsage {
  readonly threads: number;
  readonly openFiles: number;
  readonly residentBytes: number;
  readonly virtualBytes: number;
  /** Processor time since its start. */
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** From and to storage; undefined where the kernel does not count it. */
  readonly readBytes?: number;
  readonly writtenBytes?: number;
}
