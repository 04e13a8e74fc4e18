// SPDX-License-Identifier: Apache-2.0
export type { AgentEndpoint, ConnectAgent } from './agent-endpoint.ts';
export { attachSandbox } from './attach-sandbox.ts';
export type { AttachedSandbox, AttachOptions } from './attach-sandbox.ts';
export { Container } from './container/container.ts';
export type { ContainerState } from './container/container.ts';
export type { ContainerLimits } from './container/container-limits.ts';
export type { ContainerOptions, ExecOptions, Volume } from './container/container-options.ts';
export type {
  BlockIoUsage,
  ContainerStats,
  CpuUsage,
  InterfaceUsage,
  MemoryUsage,
  PidsUsage,
} from './container/container-stats.ts';
export type { ProcessDefaults } from './container/exec-process.ts';
export { createSandbox } from './create-sandbox.ts';
export type { WaitOptions } from './deadline.ts';
export { locateGuestAssets } from './guest-assets.ts';
export type { AssetOverrides, GuestAssets } from './guest-assets.ts';
export type { GuestDetails } from './guest-details.ts';
export type { ContainerImage } from './image/container-image.ts';
export { resolveCacheDirectory } from './image/image-cache.ts';
export { resolveImage } from './image/resolve-image.ts';
export type { ResolveImageOptions } from './image/resolve-image.ts';
export type { Logger } from './logger.ts';
export type { RunInNamespace } from './network/namespace/run-in-namespace.ts';
export type { NetworkModel, NetworkOptions, PublishedPort } from './network/network-options.ts';
export type { GuestAgent } from './process/guest-agent.ts';
export type { GuestProcess, TerminalSize } from './process/guest-process.ts';
export type { ProcessIdentity } from './run/process-identity.ts';
export { resolveRunRoot } from './run/run-directory.ts';
export { generateId } from './run/sandbox-id.ts';
export type { GuestRecord, SandboxRecord, SandboxStatus } from './run/sandbox-record.ts';
export { findSandbox, listSandboxes } from './run/sandbox-registry.ts';
export type { RegistryOptions, SandboxListing } from './run/sandbox-registry.ts';
export { removeSandbox, stopSandbox } from './run/stop-owner.ts';
export type { RemoveSandboxOptions, StopSandboxOptions } from './run/stop-owner.ts';
export type { SandboxComponents } from './sandbox-components.ts';
export { SandboxError } from './sandbox-error.ts';
export type { SandboxErrorCode, SandboxErrorOptions } from './sandbox-error.ts';
export type { HostPrograms, SandboxOptions } from './sandbox-options.ts';
export type { SandboxState } from './sandbox-state.ts';
export { Sandbox } from './sandbox.ts';
export type { StopOptions } from './sandbox.ts';
export type { FileShare, FileShareOptions, ShareRequest } from './share/file-share.ts';
export type { JoinedShare, JoinShareRequest, SharePlace } from './share/join-share.ts';
export { findVirtiofsd } from './share/virtiofsd-command.ts';
export type { VirtiofsdProgram } from './share/virtiofsd-command.ts';
export type { Clock, Phase } from './timeline.ts';
export type { MonitorOptions } from './watch/monitor.ts';
export type { OomEvent } from './watch/oom-watch.ts';
