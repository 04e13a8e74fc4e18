// SPDX-License-Identifier: Apache-2.0
import type {
  AddSwapPathRequest,
  AddSwapRequest,
  CopyFileRequest,
  DeepPartial,
  GuestDetailsRequest,
  GuestDetailsResponse,
  MemAgentCompactConfig,
  MemAgentMemcgConfig,
  MemHotplugByProbeRequest,
  Metrics,
  OnlineCPUMemRequest,
  ReseedRandomDevRequest,
  ResizeVolumeRequest,
  SetGuestDateTimeRequest,
  VolumeStatsRequest,
} from '@hako/protocols/agent';
import type { VolumeStatsResponse } from '@hako/protocols/csi';
import type { Empty } from '@hako/protocols/empty';
import type { AgentCallOptions, Caller } from '../caller.ts';

/** Calls on the guest system. Each rejects with `AgentClientError`. */
export interface GuestCalls {
  /** Describes the guest. */
  getGuestDetails(
    request: DeepPartial<GuestDetailsRequest>,
    options?: AgentCallOptions,
  ): Promise<GuestDetailsResponse>;
  /** Sets the clock. */
  setGuestDateTime(request: DeepPartial<SetGuestDateTimeRequest>, options?: AgentCallOptions): Promise<Empty>;
  /** Feeds entropy. */
  reseedRandomDev(request: DeepPartial<ReseedRandomDevRequest>, options?: AgentCallOptions): Promise<Empty>;
  /** Brings hot-plugged CPUs and memory into use; `nbCpus` is the total wanted. */
  onlineCPUMem(request: DeepPartial<OnlineCPUMemRequest>, options?: AgentCallOptions): Promise<Empty>;
  /** Tells addresses of new memory; `memoryProbeAddresses` computes them. */
  memHotplugByProbe(
    request: DeepPartial<MemHotplugByProbeRequest>,
    options?: AgentCallOptions,
  ): Promise<Empty>;
  /** Sends one piece of a file; `copyFile` sends a whole one. */
  copyFile(request: DeepPartial<CopyFileRequest>, options?: AgentCallOptions): Promise<Empty>;
  /** Reads metrics as Prometheus text; NOT_FOUND from old agents. */
  getMetrics(options?: AgentCallOptions): Promise<Metrics>;
  /** Uses a block device, by PCI path, as swap space. */
  addSwap(request: DeepPartial<AddSwapRequest>, options?: AgentCallOptions): Promise<Empty>;
  /** Uses a block device, by its path, as swap space. */
  addSwapPath(request: DeepPartial<AddSwapPathRequest>, options?: AgentCallOptions): Promise<Empty>;
  /** Reads how full a volume is. */
  getVolumeStats(
    request: DeepPartial<VolumeStatsRequest>,
    options?: AgentCallOptions,
  ): Promise<VolumeStatsResponse>;
  /** Grows a volume's file system. */
  resizeVolume(request: DeepPartial<ResizeVolumeRequest>, options?: AgentCallOptions): Promise<Empty>;
  /** Changes the memory agent's cgroup reclaim. */
  memAgentMemcgSet(request: DeepPartial<MemAgentMemcgConfig>, options?: AgentCallOptions): Promise<Empty>;
  /** Changes the memory agent's compaction. */
  memAgentCompactSet(request: DeepPartial<MemAgentCompactConfig>, options?: AgentCallOptions): Promise<Empty>;
}

/** Makes the {@link GuestCalls} of a caller. */
export function guestCalls(call: Caller): GuestCalls {
  return {
    getGuestDetails: (request, options) =>
      call('GuestDetailsRequest', options, ({ agent }, o) => agent.getGuestDetails(request, o)),
    setGuestDateTime: (request, options) =>
      call('SetGuestDateTimeRequest', options, ({ agent }, o) => agent.setGuestDateTime(request, o)),
    reseedRandomDev: (request, options) =>
      call('ReseedRandomDevRequest', options, ({ agent }, o) => agent.reseedRandomDev(request, o)),
    onlineCPUMem: (request, options) =>
      call('OnlineCPUMemRequest', options, ({ agent }, o) => agent.onlineCPUMem(request, o)),
    memHotplugByProbe: (request, options) =>
      call('MemHotplugByProbeRequest', options, ({ agent }, o) => agent.memHotplugByProbe(request, o)),
    copyFile: (request, options) =>
      call('CopyFileRequest', options, ({ agent }, o) => agent.copyFile(request, o)),
    getMetrics: (options) => call('GetMetricsRequest', options, ({ agent }, o) => agent.getMetrics({}, o)),
    addSwap: (request, options) =>
      call('AddSwapRequest', options, ({ agent }, o) => agent.addSwap(request, o)),
    addSwapPath: (request, options) =>
      call('AddSwapPathRequest', options, ({ agent }, o) => agent.addSwapPath(request, o)),
    getVolumeStats: (request, options) =>
      call('VolumeStatsRequest', options, ({ agent }, o) => agent.getVolumeStats(request, o)),
    resizeVolume: (request, options) =>
      call('ResizeVolumeRequest', options, ({ agent }, o) => agent.resizeVolume(request, o)),
    memAgentMemcgSet: (request, options) =>
      call('MemAgentMemcgConfig', options, ({ agent }, o) => agent.memAgentMemcgSet(request, o)),
    memAgentCompactSet: (request, options) =>
      call('MemAgentCompactConfig', options, ({ agent }, o) => agent.memAgentCompactSet(request, o)),
  };
}
