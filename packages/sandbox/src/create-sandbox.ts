// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine, VmConfig } from '@hako/hypervisor';

import { agentChannelParameters, chooseAgentChannel, type AgentChannel } from './agent-channel.ts';
import { throwIfAborted } from './deadline.ts';
import { guestCache, type GuestAssets } from './guest-assets.ts';
import { fromHypervisorFailure } from './hypervisor-failure.ts';
import type { Logger } from './logger.ts';
import { prepareNetwork, type GuestNetwork } from './network/guest-network.ts';
import { networkedMachine } from './network/networked-machine.ts';
import { outputPort, outputPortDevices } from './process/output-ports.ts';
import { prepareHostCgroup, type SandboxCgroup } from './resources/host-cgroup/prepare-host-cgroup.ts';
import { growthKernelWords, machineSize, prepareRoom } from './resources/machine-config.ts';
import { withNuma } from './resources/numa/with-numa.ts';
import { preparePinning } from './resources/prepare-pinning.ts';
import { RunDirectory } from './run/run-directory.ts';
import { listSandboxes } from './run/sandbox-registry.ts';
import type { SurvivalLedger } from './run/survival-ledger.ts';
import { completeComponents, type SandboxComponents } from './sandbox-components.ts';
import { checkOptions, type SandboxConfig, type SandboxOptions } from './sandbox-options.ts';
import { Sandbox } from './sandbox.ts';
import { planSharing, type SharePlan } from './share/share-plan.ts';
import { planMachine } from './template/boot-plan.ts';
import { Timeline } from './timeline.ts';
import { undoMachine } from './undo-machine.ts';
import { UndoStack } from './undo-stack.ts';

/**
 * Makes a sandbox: checks everything that can be checked, claims the id, starts file sharing and the virtual machine,
 * and returns while the guest boots. On failure everything is taken back.
 *
 * Errors: `invalid_options`, `socket_path_too_long`, `assets_missing`, `tool_missing`, `name_in_use`,
 * `permission_denied`, `port_in_use`, `network_failed`, `share_failed`, `aborted`, `timeout`.
 * @param options what it shall be
 * @param components parts to use instead of the real ones
 */
export async function createSandbox(
  options: SandboxOptions = {},
  components: Partial<SandboxComponents> = {},
): Promise<Sandbox> {
  const asGiven = checkOptions(options);
  const signal = options.signal ?? new AbortController().signal;
  throwIfAborted(signal);
  const parts = await completeComponents(components, options);
  const checked = await withNuma(asGiven, parts);
  const timeline = new Timeline(parts.clock, parts.onPhase);
  const endPreparation = timeline.begin('prepare host');
  const assets = await parts.locateAssets(await guestCache(checked), options.assets ?? {});
  // What dead owners left in a namespace would be in the way.
  if (checked.network.kind === 'namespace') await listSandboxes({ runRoot: checked.runRoot });
  const network = await prepareNetwork(checked.network, networkedMachine(checked), parts, signal);
  const config = withNetworkDns(checked, network);
  const channel = await chooseAgentChannel(options.agentChannel ?? 'auto');

  const undo = new UndoStack();
  try {
    const runDirectory = await timeline.measure('claim name', () => claim(config));
    undo.push('run directory', () =>
      timeline.measure('remove run directory', () => runDirectory.release(runDirectory.record.outcome)),
    );
    throwIfAborted(signal);
    const cgroup = await prepareHostCgroup(config, runDirectory.path, undo);
    const sharing = planSharing(config.sharing, runDirectory.path);
    const { vm: machine, plan } = await planMachine(
      {
        config: vmConfig(config, { assets, channel, runDir: runDirectory.path, network, sharing, cgroup }),
        unsavedDevices: sharing.coldDevices,
        use: options.template ?? 'auto',
        cacheDirectory: config.cacheDirectory,
        signal,
      },
      parts,
    );
    const share = await timeline.measure('start file sharing', () =>
      parts.startFileShare({
        directory: runDirectory.path,
        signal,
        sharing: config.sharing,
        virtiofsd: options.programs?.virtiofsd,
        survivesOwner: config.survivesOwner,
        logger: parts.logger,
      }),
    );
    undo.push('file sharing', () => share.close());
    const { vm, ledger } = await written(config, { machine, runDirectory, logger: parts.logger });
    await network.leaveTrace(runDirectory.path);
    undo.push('network', () => network.close());
    undoMachine(undo, vm, options.keepConsoleLog);
    endPreparation();
    await cgroup?.settle(vm);
    const pinning = await preparePinning(config, { vm, ...parts });
    const sandbox = new Sandbox({
      config,
      runDirectory,
      sharing,
      share,
      network,
      vm,
      ...(ledger && { ledger }),
      ...(pinning && { pinning }),
      plan,
      loadConnectAgent: async () => {
        const connectAgent = await parts.loadConnectAgent();
        return (stream) => connectAgent(stream, outputPort(runDirectory.path, 'owner'));
      },
      ...(await prepareRoom(config, {
        ...{ vm, undo, ledger, logger: parts.logger, directory: runDirectory.path },
        onGrowth: async () => {
          await cgroup?.settle(vm);
          await pinning?.settle();
        },
      })),
      timeline,
      logger: parts.logger,
      undo,
    });
    if (cgroup !== undefined) settleWhenReady(sandbox, () => cgroup.settle(vm), parts.logger);
    return sandbox;
  } catch (error) {
    for (const { step, error: reason } of await undo.unwind())
      parts.logger.error({ step, reason }, 'could not be taken back');
    throw fromHypervisorFailure(error);
  }
}

/** What is to be written down of a sandbox that survives its owner; nothing is loaded for others. */
async function written(
  { dns, options, survivesOwner }: SandboxConfig,
  { machine, ...parts }: { machine: VirtualMachine; runDirectory: RunDirectory; logger: Logger },
): Promise<{ vm: VirtualMachine; ledger?: SurvivalLedger }> {
  if (!survivesOwner) return { vm: machine };
  const { openLedger } = await import('./run/open-ledger.ts');
  return openLedger(machine, { ...options, dns }, parts);
}

function claim(config: SandboxConfig): Promise<RunDirectory> {
  const { image, command } = config.options;
  return RunDirectory.claim(config.runRoot, {
    id: config.id,
    status: 'starting',
    createdAt: new Date().toISOString(),
    ...(image === undefined ? {} : { image }),
    ...(command === undefined ? {} : { command }),
  });
}

/** What the caller says about names comes before what the network has. */
function withNetworkDns(config: SandboxConfig, { dns = [] }: GuestNetwork): SandboxConfig {
  return config.options.dns === undefined && dns.length > 0 ? { ...config, dns } : config;
}

/** The threads of the CPUs exist once the machine runs, and what the network needs may have been started with it. */
function settleWhenReady(sandbox: Sandbox, settle: () => Promise<void>, logger: Logger): void {
  void sandbox
    .ready()
    .then(settle)
    .catch((error: unknown) => {
      if (sandbox.state.name === 'running')
        logger.warn({ error }, 'processes of the sandbox are outside of its control groups');
    });
}

/** What was found and claimed for a machine. */
interface MachineParts {
  readonly assets: GuestAssets;
  readonly channel: AgentChannel;
  readonly runDir: string;
  readonly network: GuestNetwork;
  readonly sharing: SharePlan;
  readonly cgroup: SandboxCgroup | undefined;
}

function vmConfig(
  config: SandboxConfig,
  { assets, channel, runDir, network, sharing, cgroup }: MachineParts,
): VmConfig {
  const { options } = config;
  const { namespacePath } = network;
  return {
    id: config.id,
    runDir,
    kernelPath: assets.kernelPath,
    ...(assets.initrdPath === undefined ? {} : { initrdPath: assets.initrdPath }),
    ...(assets.imagePath === undefined
      ? {}
      : { rootImage: { path: assets.imagePath, format: 'raw', fstype: assets.imageFstype } }),
    kernelParameters: [
      ...agentChannelParameters(channel),
      ...growthKernelWords(config.sizing),
      ...(options.kernelParameters ?? []),
    ],
    ...machineSize(config),
    sharedMemory: true,
    devices: outputPortDevices(channel, runDir),
    ...sharing.config,
    agentChannel: channel,
    accelerator: options.accelerator ?? 'auto',
    ...(cgroup && { controlGroupFiles: cgroup.controlGroupFiles }),
    ...(namespacePath === undefined ? {} : { networkNamespacePath: namespacePath }),
    ...(config.survivesOwner ? { survivesOwner: true } : {}),
    ...(options.tuning === undefined ? {} : { tuning: options.tuning }),
    ...(options.balloon === undefined ? {} : { balloon: options.balloon }),
    ...(options.pciePorts === undefined ? {} : { pciePorts: options.pciePorts }),
    ...(options.memoryDump === undefined ? {} : { memoryDump: options.memoryDump }),
    ...(options.debug === undefined ? {} : { debug: options.debug }),
  };
}
