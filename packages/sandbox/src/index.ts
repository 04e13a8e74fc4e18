// SPDX-License-Identifier: Apache-2.0
export type { ProcessIdentity } from '@hako/hypervisor';
export type { AgentEndpoint, ConnectAgent } from './agent-endpoint.ts';
export { adoptSandbox } from './adopt-sandbox.ts';
export type { AdoptSandboxOptions } from './adopt-sandbox.ts';
export type { AttachedContainer } from './attached-container.ts';
export { attachSandbox } from './attach-sandbox.ts';
export type { AttachedSandbox, AttachOptions } from './attach-sandbox.ts';
export { checkContainerOptions } from './container/check-container-options.ts';
export { Container } from './container/container.ts';
export type { ContainerState } from './container/container.ts';
export type { ContainerLimits } from './container/container-limits.ts';
export type { ContainerOptions, ExecOptions, Volume } from './container/container-options.ts';
export type { ContainerRecord, RecordedContainerState } from './container/container-record.ts';
export type {
  ContainerMount,
  HugePagesMount,
  SandboxVolume,
  TmpfsMount,
} from './container/mounts/container-mount.ts';
export { bundleShmMib } from './container/mounts/shm-mount.ts';
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
export type {
  BlockVolume,
  DeviceSettings,
  HostDevice,
  RootfsKind,
  VolumeGroup,
} from './devices/device-options.ts';
export { checkDevices } from './devices/device-host.ts';
export type { DirectVolume } from './devices/direct-volume/descriptor.ts';
export {
  addDirectVolume,
  directVolumeStats,
  removeDirectVolume,
  resizeDirectVolume,
} from './devices/direct-volume/direct-volumes.ts';
export type { DirectVolumeOptions, VolumeUsage } from './devices/direct-volume/direct-volumes.ts';
export { locateGuestAssets } from './guest-assets.ts';
export type { AssetOverrides, GuestAssets } from './guest-assets.ts';
export type { GuestDetails } from './guest-details.ts';
export type { GuestSetup } from './guest-setup.ts';
export { setUpHooks } from './hooks/set-up-hooks.ts';
export type { ContainerImage } from './image/container-image.ts';
export { resolveCacheDirectory } from './image/image-cache.ts';
export { resolveImage } from './image/resolve-image.ts';
export type { ResolveImageOptions } from './image/resolve-image.ts';
export type { Logger } from './logger.ts';
export type { RunInNamespace } from './network/namespace/run-in-namespace.ts';
export type { GuestInterface, GuestRoute } from './network/guest-interface.ts';
export type { LinkRequest } from './network/guest-network.ts';
export type { EndpointAddress, IpFamily } from './network/namespace/endpoint.ts';
export type {
  NetworkModel,
  NetworkOptions,
  PublishedPort,
  RateLimits,
  UserStack,
} from './network/network-options.ts';
export { findPasst } from './network/passt/find-passt.ts';
export type { FindPasstOptions } from './network/passt/find-passt.ts';
export type { SandboxNetwork } from './network/sandbox-network.ts';
export type { GuestAgent } from './process/guest-agent.ts';
export type { GuestProcess, TerminalSize } from './process/guest-process.ts';
export type { HostCgroupOptions } from './resources/host-cgroup/host-cgroup-options.ts';
export type { MachineSize } from './resources/machine-size.ts';
export type { MachineTraits } from './resources/machine-traits.ts';
export type { MemoryGrowth } from './resources/memory-pool.ts';
export { podLimits } from './resources/pod-limits.ts';
export type { HostNumaNode } from './resources/numa/host-numa-node.ts';
export type { BindThread } from './resources/vcpu-pinning.ts';
export type { NumaOptions } from './resources/numa/numa-options.ts';
export type { SizingOptions } from './resources/sizing-options.ts';
export { resolveRunRoot } from './run/run-directory.ts';
export { listContainers } from './run/container-notes.ts';
export type { ContainerNote } from './run/container-notes.ts';
export { generateId } from './run/sandbox-id.ts';
export type { SurvivalRecord } from './run/survival-record.ts';
export type { GuestRecord, Outcome, SandboxRecord, SandboxStatus } from './run/sandbox-record.ts';
export { findSandbox, isRunning, listSandboxes } from './run/sandbox-registry.ts';
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
export type { CapabilityChoices } from './spec/capability-set.ts';
export type { GuestSecurity } from './spec/guest-security.ts';
export type { ResourceLimit } from './spec/resource-limit.ts';
export type { ConditionalSyscall, SeccompCondition, SeccompProfile } from './spec/seccomp-profile.ts';
export type { SpecChoices } from './spec/spec-choices.ts';
export type { WireEdits } from './spec/wire-spec.ts';
export type { AdoptShareRequest } from './share/adopt-share.ts';
export type { FileShare, FileShareOptions, ShareRequest } from './share/file-share.ts';
export type { JoinedShare, JoinShareRequest, SharePlace } from './share/join-share.ts';
export type {
  CheckedSharing,
  NinePOptions,
  SharingKind,
  SharingOptions,
  VirtioFsCache,
  VirtioFsOptions,
} from './share/sharing-options.ts';
export { findVirtiofsd } from './share/virtiofsd-command.ts';
export type { VirtiofsdProgram } from './share/virtiofsd-command.ts';
export { phaseNames } from './timeline.ts';
export type { Clock, Phase, PhaseName, PhaseObserver } from './timeline.ts';
export type { MonitorOptions } from './watch/monitor.ts';
export type { OomEvent } from './watch/oom-watch.ts';
