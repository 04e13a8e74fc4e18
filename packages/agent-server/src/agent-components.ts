// SPDX-License-Identifier: Apache-2.0
import type { RouteSocket } from '@hako/linux';
import type { Cgroups } from './cgroup/container-cgroup.ts';
import type { AgentOptions } from './config/agent-options.ts';
import type { DeviceDriver } from './devices/device-driver.ts';
import type { GuestDevices } from './devices/guest-devices.ts';
import type { HookRunner } from './hooks/run-hooks.ts';
import type { Logger } from './logging/logger.ts';
import type { PassedConnections } from './pass-fd/passed-connections.ts';
import type { AgentPaths } from './paths/agent-paths.ts';
import type { OciRuntime } from './runtime/oci-runtime.ts';
import type { StorageDriver } from './storage/storage-driver.ts';
import type { GuestSystem } from './system/guest-system.ts';
import type { Mounter } from './system/mounter.ts';
import type { PortDoors } from './output-port/output-ports.ts';
import type { ProgramRunner } from './system/program-runner.ts';
import type { CallTracer } from './tracing/call-tracer.ts';

/** Everything an agent works with. */
export interface AgentComponents {
  readonly logger: Logger;
  readonly options: AgentOptions;
  readonly paths: AgentPaths;
  readonly runtime: OciRuntime;
  readonly cgroups: Cgroups;
  readonly mounter: Mounter;
  readonly system: GuestSystem;
  readonly runProgram: ProgramRunner;
  readonly runHooks: HookRunner;
  readonly storageDrivers: ReadonlyMap<string, StorageDriver>;
  /** Finds disks and network interfaces, those being plugged included. */
  readonly devices: GuestDevices;
  /** Opens the network of the guest, for one call. */
  readonly openNetwork: () => Promise<RouteSocket>;
  /** Virtio-serial ports of the machine. */
  readonly ports: PortDoors;
  readonly deviceDrivers: ReadonlyMap<string, DeviceDriver>;
  /** Whether the agent is PID 1: it alone manages the guest. */
  readonly isInit: boolean;
  /** Where hosts wait for standard streams; absent unless `agent.passfd_listener_port` asks for it. */
  readonly passedConnections?: PassedConnections;
  /** Records a span per call; absent unless `agent.trace` asks for it. */
  readonly tracer?: CallTracer;
}
