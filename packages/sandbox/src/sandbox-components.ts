// SPDX-License-Identifier: Apache-2.0
import type { Hypervisor } from '@hako/hypervisor';

import type { ConnectAgent, LoadConnectAgent } from './agent-endpoint.ts';
import { locateGuestAssets, type AssetOverrides, type GuestAssets } from './guest-assets.ts';
import { silentLogger, type Logger } from './logger.ts';
import type { HostNumaNode } from './resources/numa/host-numa-node.ts';
import type { BindThread } from './resources/vcpu-pinning.ts';
import type { SandboxOptions } from './sandbox-options.ts';
import type { RunInNamespace } from './network/namespace/run-in-namespace.ts';
import type { AdoptShareRequest } from './share/adopt-share.ts';
import { startFileShare, type FileShare, type FileShareOptions } from './share/file-share.ts';
import { joinFileShare, type JoinedShare, type JoinShareRequest } from './share/join-share.ts';
import type { Clock, PhaseObserver } from './timeline.ts';

/** What a sandbox is built from. Each part has a default; tests and embedders replace some. */
export interface SandboxComponents {
  /** Makes the virtual machine; default: QEMU. */
  readonly hypervisor: Hypervisor;
  /** Shares files with the guest; default: virtiofsd. */
  readonly startFileShare: (options: FileShareOptions) => Promise<FileShare>;
  /** Enters the file sharing of a sandbox of another process; default: through the owner's descriptors in `/proc`. */
  readonly joinFileShare: (request: JoinShareRequest) => Promise<JoinedShare>;
  /** Takes up the file sharing of a dead owner; default: by virtiofsd. */
  readonly adoptFileShare: (request: AdoptShareRequest) => Promise<FileShare>;
  /** Speaks to the agent; default: ttRPC. */
  readonly connectAgent: ConnectAgent;
  /** Finds kernel and guest image; default: the newest build in the cache. */
  readonly locateAssets: (cacheDirectory: string, overrides: AssetOverrides) => Promise<GuestAssets>;
  /** Runs programs in a network namespace of the host; default: by nsenter. */
  readonly enterNamespace?: ((path: string) => RunInNamespace) | undefined;
  /** Tells which NUMA nodes the host has; default: reads them in `/sys`. */
  readonly readHostNodes: () => Promise<readonly HostNumaNode[]>;
  /** Binds threads of the hypervisor to CPUs; default: by sched_setaffinity(2). */
  readonly bindThread: BindThread;
  /** Default: keeps nothing. */
  readonly logger: Logger;
  /** Default: `performance.now`. */
  readonly clock: Clock;
  /** Is told of each step of a sandbox's life when it begins. Default: nobody is. */
  readonly onPhase?: PhaseObserver | undefined;
}

/** {@link SandboxComponents} of which nothing is left open. */
export type CompleteComponents = Omit<SandboxComponents, 'connectAgent'> & {
  readonly loadConnectAgent: LoadConnectAgent;
};

/**
 * Fills in the parts that were not given. Those that are large are loaded only when they are used.
 * @param given parts to use instead of the defaults
 * @param options what the default hypervisor is to run
 */
export async function completeComponents(
  given: Partial<SandboxComponents>,
  options: Pick<SandboxOptions, 'programs' | 'machine'> = {},
): Promise<CompleteComponents> {
  const logger = given.logger ?? silentLogger;
  return {
    hypervisor: given.hypervisor ?? (await defaultHypervisor(logger, options)),
    startFileShare: given.startFileShare ?? startFileShare,
    joinFileShare: given.joinFileShare ?? joinFileShare,
    adoptFileShare:
      given.adoptFileShare ??
      (async (request) => (await import('./share/adopt-share.ts')).adoptFileShare(request)),
    loadConnectAgent: async () =>
      given.connectAgent ?? (await import('./ttrpc-endpoint.ts')).connectTtrpcAgent,
    locateAssets: given.locateAssets ?? locateGuestAssets,
    enterNamespace: given.enterNamespace,
    readHostNodes:
      given.readHostNodes ??
      (async () => (await import('./resources/numa/host-numa-node.ts')).readHostNodes()),
    bindThread:
      given.bindThread ??
      (async (threadId, cpus) => {
        (await import('@hako/linux')).setAffinity(threadId, cpus);
      }),
    logger,
    clock: given.clock ?? (() => performance.now()),
    onPhase: given.onPhase,
  };
}

async function defaultHypervisor(
  logger: Logger,
  { programs = {}, machine }: Pick<SandboxOptions, 'programs' | 'machine'>,
): Promise<Hypervisor> {
  const { QemuHypervisor } = await import('@hako/hypervisor-qemu');
  return new QemuHypervisor({
    logger,
    ...(programs.qemu === undefined ? {} : { qemuPath: programs.qemu }),
    ...(machine === undefined ? {} : { machine }),
    // Loaded when a vsock is dialed: where there is none, the foreign function interface is never needed.
    dialVsock: async (address, options) => {
      const { createVsockDialer } = await import('@hako/linux');
      return createVsockDialer()(address, options);
    },
    loadSendDescriptors: async () => {
      const { sendFds, socketFd } = await import('@hako/linux');
      return (stream, bytes, descriptors) => sendFds(socketFd(stream), bytes, descriptors);
    },
  });
}
