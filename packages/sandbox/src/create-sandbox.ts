// SPDX-License-Identifier: Apache-2.0
import { copyFile } from 'node:fs/promises';

import { sharedDirectoryTag } from '@hako/protocols';
import type { VirtualMachine, VmConfig } from '@hako/hypervisor';

import { agentChannelParameters, chooseAgentChannel, type AgentChannel } from './agent-channel.ts';
import { throwIfAborted } from './deadline.ts';
import type { GuestAssets } from './guest-assets.ts';
import { fromHypervisorFailure } from './hypervisor-failure.ts';
import { prepareNetwork, type GuestNetwork } from './network/guest-network.ts';
import { RunDirectory } from './run/run-directory.ts';
import { listSandboxes } from './run/sandbox-registry.ts';
import { completeComponents, type SandboxComponents } from './sandbox-components.ts';
import { checkOptions, type SandboxConfig, type SandboxOptions } from './sandbox-options.ts';
import { Sandbox } from './sandbox.ts';
import { virtiofsdProgram } from './share/virtiofsd-command.ts';
import { shareSocketPath } from './share/socket-path.ts';
import { planMachine } from './template/boot-plan.ts';
import { Timeline } from './timeline.ts';
import { UndoStack } from './undo-stack.ts';

/** How long the machine may resist its end. */
const vmStopTimeoutMs = 5_000;

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
  const config = checkOptions(options);
  const signal = options.signal ?? new AbortController().signal;
  throwIfAborted(signal);
  const parts = await completeComponents(components, options);
  const timeline = new Timeline(parts.clock);
  const endPreparation = timeline.begin('prepare host');
  const assets = await parts.locateAssets(config.cacheDirectory, options.assets ?? {});
  // What dead owners left in a namespace would be in the way.
  if (config.network.kind === 'namespace') await listSandboxes({ runRoot: config.runRoot });
  const network = await prepareNetwork(config.network, parts, signal);
  const channel = await chooseAgentChannel(options.agentChannel ?? 'auto');

  const virtiofsd = options.programs?.virtiofsd;

  const undo = new UndoStack();
  try {
    const runDirectory = await claim(config);
    undo.push('run directory', () =>
      runDirectory.release((options.keepRecord ?? false) && runDirectory.record.containerId !== undefined),
    );
    throwIfAborted(signal);
    const { vm, plan } = await planMachine(
      {
        config: vmConfig(config, { assets, channel, runDir: runDirectory.path, network }),
        unsavedDevices: [
          { kind: 'virtio-fs', tag: sharedDirectoryTag, socketPath: shareSocketPath(runDirectory.path) },
        ],
        use: options.template ?? 'auto',
        cacheDirectory: config.cacheDirectory,
        signal,
      },
      parts,
    );
    const share = await parts.startFileShare({
      directory: runDirectory.path,
      signal,
      ...(virtiofsd === undefined ? {} : { program: virtiofsdProgram(virtiofsd) }),
    });
    undo.push('file sharing', () => share.close());
    pushVm(undo, vm, options.keepConsoleLog);
    await network.leaveTrace(runDirectory.path);
    undo.push('network', () => network.close());
    endPreparation();
    return new Sandbox({
      config,
      runDirectory,
      share,
      network,
      vm,
      plan,
      connectAgent: parts.connectAgent,
      timeline,
      logger: parts.logger,
      undo,
    });
  } catch (error) {
    for (const { step, error: reason } of await undo.unwind())
      parts.logger.error({ step, reason }, 'could not be taken back');
    throw fromHypervisorFailure(error);
  }
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

function pushVm(undo: UndoStack, vm: VirtualMachine, keepConsoleLog: string | undefined): void {
  undo.push('virtual machine', async () => {
    await vm.stop({ timeoutMs: vmStopTimeoutMs });
    if (keepConsoleLog !== undefined) await copyFile(vm.consoleLogPath, keepConsoleLog);
  });
}

/** What was found and claimed for a machine. */
interface MachineParts {
  readonly assets: GuestAssets;
  readonly channel: AgentChannel;
  readonly runDir: string;
  readonly network: GuestNetwork;
}

function vmConfig(config: SandboxConfig, { assets, channel, runDir, network }: MachineParts): VmConfig {
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
    kernelParameters: [...agentChannelParameters(channel), ...(options.kernelParameters ?? [])],
    vcpus: config.vcpus,
    memoryMib: config.memoryMib,
    sharedMemory: true,
    devices: [],
    agentChannel: channel,
    accelerator: options.accelerator ?? 'auto',
    ...(namespacePath === undefined ? {} : { networkNamespacePath: namespacePath }),
    ...(options.debug === undefined ? {} : { debug: options.debug }),
  };
}
