// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import {
  HypervisorError,
  openDeadline,
  validateVmConfig,
  type CreateVmOptions,
  type Hypervisor,
  type HypervisorCapabilities,
  type SnapshotSupport,
  type VmConfig,
  type VmRecord,
  type WaitOptions,
} from '@hako/hypervisor';
import { defaultCpuModel, type Accelerator, type KvmVerdict } from './accelerator/accelerator.ts';
import { chooseAccelerator } from './accelerator/choose-accelerator.ts';
import { KvmJudge } from './accelerator/kvm-judge.ts';
import { probeKvm } from './accelerator/probe-kvm.ts';
import { defaultCacheDir, readBootId, VerdictCache } from './accelerator/verdict-cache.ts';
import type { VsockDialer } from './agent-channel.ts';
import { chooseAgentRoad } from './agent-road.ts';
import { checkGrowth } from './command-line/check-growth.ts';
import { checkFeatures } from './command-line/check-features.ts';
import { buildCommandLine } from './command-line/build-command-line.ts';
import type { AgentRoad } from './command-line/launch-plan.ts';
import { tscKhzFromCpuInfo } from './command-line/host-tsc.ts';
import { machineProfile, type MachineName } from './command-line/machine-profile.ts';
import { closedMemoryReason } from './command-line/memory.ts';
import { inspectPersistentImage } from './command-line/nvdimm.ts';
import { findProgram } from './find-program.ts';
import { launchPrefix, withPrefix } from './process/launch-prefix.ts';
import { monitorFd } from './process/vmm-process.ts';
import { survivalSockets } from './process/survival-sockets.ts';
import { QemuVm, type LaunchChoices, type QemuVmParts } from './qemu-vm.ts';
import type { SendDescriptors } from './qmp/qmp-client.ts';
import { checkSnapshot } from './snapshot/snapshot-files.ts';
import { snapshotKey } from './snapshot/snapshot-key.ts';
import { decodeState } from './vm-state.ts';

/** The part of a logger that the driver uses; pino's shape. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What a {@link QemuHypervisor} works with. Everything has a default. */
export interface QemuHypervisorComponents {
  readonly logger?: Logger;
  /** Program name or absolute path. Default `qemu-system-x86_64`, on arm64 `qemu-system-aarch64`. */
  readonly qemuPath?: string;
  /** Default `q35`, on arm64 `virt`. */
  readonly machine?: MachineName;
  /** CPU model for `-cpu`, for any accelerator. Default: see the README. */
  readonly cpuModel?: string;
  /** Where the verdict on KVM is kept. Default `$HAKO_CACHE_DIR`, else `~/.cache/hako`. */
  readonly cacheDir?: string;
  /** Without it the agent channel `auto` means virtio-serial. */
  readonly dialVsock?: VsockDialer;
  /** Loads what sends open files over the monitor, for taps that the caller has opened. Without it those cannot be plugged. */
  readonly loadSendDescriptors?: () => Promise<SendDescriptors>;
  /** Default `/dev/vhost-vsock`. */
  readonly vhostVsockDevice?: string;
  /** Default `/dev/kvm`. */
  readonly kvmDevice?: string;
  /** How long the tiny guest that tells whether KVM works may take. Default 2,500; slow hosts of nested machines need more. */
  readonly kvmProbeTimeoutMs?: number;
  /** Name of the virtio-serial port that the guest looks for. Default `hako.agent.0`. */
  readonly agentPortName?: string;
  /** Port the agent listens at on vsock. Default 1024, as upstream's agent. */
  readonly agentVsockPort?: number;
}

const adoptTimeoutMs = 5_000;
/** Port of the agent on vsock, as upstream has it. */
const defaultAgentPort = 1024;

/** Decisions for the start of one machine. */
interface VmPlan extends Pick<LaunchChoices, 'chooseRoad'> {
  /**
   * QEMU and its arguments.
   *
   * @param incoming - Waits for a machine's state instead of booting. Default: as the config says.
   */
  readonly commandFor: (road: AgentRoad, incoming?: boolean) => readonly [string, ...(readonly string[])];
  readonly qemuPath: string;
  readonly accelerator: Accelerator;
}

/** Runs virtual machines in QEMU processes. Holds nothing alive itself. */
export class QemuHypervisor implements Hypervisor {
  readonly name = 'qemu';
  readonly #components: QemuHypervisorComponents;
  readonly #machine: MachineName;
  readonly #judge: KvmJudge;

  constructor(components: QemuHypervisorComponents = {}) {
    const { logger, cacheDir = defaultCacheDir(), kvmDevice, kvmProbeTimeoutMs } = components;
    this.#components = components;
    this.#machine = components.machine ?? (process.arch === 'arm64' ? 'virt' : 'q35');
    this.#judge = new KvmJudge({
      cache: new VerdictCache(cacheDir),
      probe: (qemuPath, signal) =>
        probeKvm({
          qemuPath,
          ...(kvmDevice && { kvmDevice }),
          ...(kvmProbeTimeoutMs === undefined ? {} : { timeoutMs: kvmProbeTimeoutMs }),
          ...(signal && { signal }),
        }),
      readBootId,
      onVerdict: (verdict) => {
        if (verdict.usable) logger?.info({}, 'kvm runs guests');
        else
          logger?.warn(
            { reason: verdict.reason },
            'kvm does not run guests here, they are emulated and slower',
          );
      },
    });
  }

  capabilities(): HypervisorCapabilities {
    return machineProfile(this.#machine).capabilities;
  }

  /**
   * Whether KVM runs guests here. Remembered until the host boots again; the first call takes up to 3 s.
   *
   * @throws HypervisorError `vmm_missing` | `aborted`
   */
  async kvmVerdict(options: CreateVmOptions = {}): Promise<KvmVerdict> {
    return await this.#judge.verdict(await this.#findQemu(), options.signal);
  }

  async createVm(config: VmConfig, { signal }: CreateVmOptions = {}): Promise<QemuVm> {
    if (signal?.aborted === true) {
      throw new HypervisorError('aborted', 'creating the vm was aborted', { cause: signal.reason });
    }
    const { chooseRoad, commandFor, accelerator } = await this.#plan(config, signal);
    if (config.restoreFrom !== undefined) await checkSnapshot(config.restoreFrom);
    const machine = machineProfile(this.#machine);
    const prefix = await launchPrefix(config);
    return new QemuVm({
      ...{ config, machine, accelerator },
      origin: { kind: 'new', chooseRoad, commandFor: (road) => withPrefix(prefix, commandFor(road)) },
      ...this.#surroundings,
    });
  }

  async adoptVm(record: VmRecord, options: WaitOptions = {}): Promise<QemuVm> {
    const state = decodeState(record);
    const { config, accelerator } = state;
    using deadline = openDeadline(`adopting vm ${config.id}`, options, adoptTimeoutMs);
    const surroundings = this.#surroundings;
    const { adoptVmm } = await import('./adopt-vmm.ts');
    const adopted = await adoptVmm({ ...surroundings, process: record.process, state }, deadline.signal);
    return new QemuVm({
      ...{ config, accelerator, ...surroundings },
      machine: machineProfile(state.machine),
      origin: { kind: 'adopted', ...adopted, hotplug: state.hotplug },
    });
  }

  async snapshotSupport(
    config: VmConfig,
    { signal }: CreateVmOptions = {},
  ): Promise<SnapshotSupport | undefined> {
    // What differs from machine to machine is replaced by what all have in common.
    const exportedDirectories = (config.exportedDirectories ?? []).map(({ id }) => ({ id, path: '/' }));
    const devices = config.devices.map((device) =>
      device.kind === 'serial-port' ? { ...device, socketPath: `/${device.name}` } : device,
    );
    const common: VmConfig = { ...config, id: 'snapshot', exportedDirectories, devices };
    const { chooseRoad, commandFor, qemuPath, accelerator } = await this.#plan(common, signal);
    const road = await chooseRoad();
    if (road.kind !== 'virtio-serial' || closedMemoryReason(config) !== undefined) return undefined;
    const command = commandFor({ ...road, socketPath: 'agent-port.sock' }, false);
    return { key: await snapshotKey(common, command, qemuPath), emulated: accelerator === 'tcg' };
  }

  /** What every machine has of the driver: what it connects with, and who hears of a dump that failed. */
  get #surroundings(): Pick<QemuVmParts, 'vsock' | 'onDumpFailure' | 'loadSendDescriptors'> {
    const { dialVsock, agentVsockPort = defaultAgentPort, loadSendDescriptors, logger } = this.#components;
    return {
      vsock: { dial: dialVsock, port: agentVsockPort },
      onDumpFailure: (error) => logger?.warn({ error }, 'memory of the guest was not dumped'),
      ...(loadSendDescriptors && { loadSendDescriptors }),
    };
  }

  /** Checks a config and decides all that a start needs. */
  async #plan(config: VmConfig, signal: AbortSignal | undefined): Promise<VmPlan> {
    await validateVmConfig(config);
    checkGrowth(config, machineProfile(this.#machine));
    checkFeatures(config, machineProfile(this.#machine));
    const rootMemory = await inspectPersistentImage(config.rootImage);
    const chooseRoad = () =>
      chooseAgentRoad(config, {
        vhostVsockDevice: this.#components.vhostVsockDevice ?? '/dev/vhost-vsock',
        hasVsockDialer: this.#components.dialVsock !== undefined,
      });
    await chooseRoad();
    const qemuPath = await this.#findQemu();
    const accelerator = await chooseAccelerator(config.accelerator, () =>
      this.#judge.verdict(qemuPath, signal),
    );
    const tscKhz = await this.#tscKhz(accelerator);
    const { cpuModel, agentPortName = 'hako.agent.0' } = this.#components;
    const commandFor: VmPlan['commandFor'] = (agent, incoming = config.restoreFrom !== undefined) => {
      const args = buildCommandLine({
        config,
        machine: this.#machine,
        accelerator,
        cpuModel: cpuModel ?? this.#defaultCpu(accelerator),
        agent,
        agentPortName,
        monitorFd,
        ...(config.survivesOwner === true && { sockets: survivalSockets(config.runDir) }),
        incoming,
        ...(rootMemory !== undefined && { rootMemory }),
        ...(tscKhz !== undefined && { tscKhz }),
      });
      return [qemuPath, ...args];
    };
    return { chooseRoad, commandFor, qemuPath, accelerator };
  }

  #findQemu(): Promise<string> {
    const program = this.#machine === 'virt' ? 'qemu-system-aarch64' : 'qemu-system-x86_64';
    return findProgram(this.#components.qemuPath ?? program);
  }

  #defaultCpu(accelerator: Accelerator): string {
    return this.#machine === 'virt' && accelerator === 'tcg' ? 'max' : defaultCpuModel[accelerator];
  }

  /** Only emulated x86 machines on an x86 host count with the host's counter. */
  async #tscKhz(accelerator: Accelerator): Promise<number | undefined> {
    if (accelerator !== 'tcg' || this.#machine === 'virt' || process.arch !== 'x64') return undefined;
    return tscKhzFromCpuInfo(await readFile('/proc/cpuinfo', 'utf8').catch(() => ''));
  }
}
