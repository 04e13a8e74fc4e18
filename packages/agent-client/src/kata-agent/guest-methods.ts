// SPDX-License-Identifier: Apache-2.0
import type { DeepPartial, GuestDetailsResponse, UpdateEphemeralMountsRequest } from '@hako/protocols/agent';
import type { VolumeStatsResponse } from '@hako/protocols/csi';
import { Status } from 'nice-grpc-common';
import { AgentClientError } from '../agent-client-error.ts';
import type { AgentCallOptions } from '../caller.ts';
import { copyFile } from '../copy-file.ts';
import { memoryProbeAddresses, type PluggedMemory } from '../memory-probe.ts';
import type { AgentLink } from './agent-link.ts';

/** The guest as a machine. */
export interface GuestMethods {
  /** Brings plugged CPUs and memory into use; `cpus` is the total wanted. */
  onlineCPUMem(cpus: number, cpuOnly: boolean, options?: AgentCallOptions): Promise<void>;
  /** Tells a guest without ACPI where memory was plugged. */
  memHotplugByProbe(memory: PluggedMemory, options?: AgentCallOptions): Promise<void>;
  /** Lets the guest forget shared mounts that are gone. */
  removeStaleVirtiofsShareMounts(options?: AgentCallOptions): Promise<void>;
  /** Feeds entropy. */
  reseedRNG(data: Uint8Array, options?: AgentCallOptions): Promise<void>;
  /** Changes volumes in memory; an empty list is sent, `undefined` is not. An agent too old for that is forgiven. */
  updateEphemeralMounts(
    storages: DeepPartial<UpdateEphemeralMountsRequest['storages']> | undefined,
    options?: AgentCallOptions,
  ): Promise<void>;
  /** Describes the guest: size of its memory blocks and whether memory is plugged by probing, too. */
  getGuestDetails(options?: AgentCallOptions): Promise<GuestDetailsResponse>;
  /** Sets the clock. */
  setGuestDateTime(time: Date, options?: AgentCallOptions): Promise<void>;
  /** Copies a file, an empty directory or a link into the guest, in pieces of 1 MiB. */
  copyFile(source: string, destination: string, options?: AgentCallOptions): Promise<void>;
  /** Uses a disk as swap space, named by the numbers of its slots from the root bus on. */
  addSwap(pciPath: readonly number[], options?: AgentCallOptions): Promise<void>;
  /** Reads metrics as Prometheus text. */
  getAgentMetrics(options?: AgentCallOptions): Promise<string>;
  /** Reads how full a volume is. */
  getGuestVolumeStats(guestPath: string, options?: AgentCallOptions): Promise<VolumeStatsResponse>;
  /** Grows a volume's file system to a size in bytes. */
  resizeGuestVolume(guestPath: string, sizeBytes: bigint, options?: AgentCallOptions): Promise<void>;
  /** Replaces the policy, in Rego. */
  setPolicy(policy: string, options?: AgentCallOptions): Promise<void>;
}

function forgiveOldAgent(error: unknown): void {
  if (!(error instanceof AgentClientError) || error.status !== Status.UNIMPLEMENTED) throw error;
}

/** Makes the {@link GuestMethods} of a link. */
export function guestMethods(link: AgentLink): GuestMethods {
  return {
    async onlineCPUMem(nbCpus, cpuOnly, options) {
      await link.request((client) => client.onlineCPUMem({ wait: false, nbCpus, cpuOnly }, options));
    },
    async memHotplugByProbe(memory, options) {
      const memHotplugProbeAddr = memoryProbeAddresses(memory);
      await link.request((client) => client.memHotplugByProbe({ memHotplugProbeAddr }, options));
    },
    async removeStaleVirtiofsShareMounts(options) {
      await link.request((client) => client.removeStaleVirtiofsShareMounts(options));
    },
    async reseedRNG(data, options) {
      await link.request((client) => client.reseedRandomDev({ data }, options));
    },
    async updateEphemeralMounts(storages, options) {
      if (storages === undefined) return;
      await link
        .request((client) => client.updateEphemeralMounts({ storages }, options))
        .catch(forgiveOldAgent);
    },
    getGuestDetails: (options) =>
      link.request((client) =>
        client.getGuestDetails({ memBlockSize: true, memHotplugProbe: true }, options),
      ),
    async setGuestDateTime(time, options) {
      const ms = time.getTime();
      const seconds = Math.floor(ms / 1000);
      const request = { Sec: BigInt(seconds), Usec: BigInt(ms - seconds * 1000) * 1000n };
      await link.request((client) => client.setGuestDateTime(request, options));
    },
    copyFile: (source, destination, options) =>
      link.request((client) => copyFile(client, source, destination, options)),
    async addSwap(PCIPath, options) {
      await link.request((client) => client.addSwap({ PCIPath: [...PCIPath] }, options));
    },
    getAgentMetrics: async (options) => (await link.request((client) => client.getMetrics(options))).metrics,
    getGuestVolumeStats: (volumeGuestPath, options) =>
      link.request((client) => client.getVolumeStats({ volumeGuestPath }, options)),
    async resizeGuestVolume(volumeGuestPath, size, options) {
      await link.request((client) => client.resizeVolume({ volumeGuestPath, size }, options));
    },
    async setPolicy(policy, options) {
      await link.request((client) => client.setPolicy({ policy }, options));
    },
  };
}
