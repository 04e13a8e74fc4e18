// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

import {
  bundleShmMib,
  checkContainerOptions,
  checkDevices,
  createSandbox,
  generateId,
  podLimits,
  resolveImage,
  setUpHooks,
  type Container,
  type ContainerImage,
  type NetworkOptions,
  type Phase,
  type Sandbox,
  type SandboxComponents,
} from '@hako/sandbox';

import type { ConsoleStreams } from './console-streams.ts';
import type { Interrupts } from './interrupts.ts';
import type { RunRequest } from './run-request.ts';
import type { Progress } from './terminal/progress.ts';
import { rawTerminal } from './terminal/raw-terminal.ts';
import { ReaderGone, relay } from './terminal/relay.ts';
import { followTerminalSize } from './terminal/terminal-size.ts';
import { exitCodes } from './exit-codes.ts';
import { wasOutOfMemory } from './out-of-memory.ts';
import { workloadOptions } from './workload-options.ts';

/** What a run needs beside its request. */
export interface RunContext {
  /** Where the workload's streams go. */
  readonly streams: ConsoleStreams;
  readonly interrupts: Interrupts;
  readonly progress: Progress;
  readonly sandbox: Partial<SandboxComponents>;
  /** The environment: `HAKO_CONSOLE_DIR` names a directory in which the guest's console is kept. */
  readonly env: NodeJS.ProcessEnv;
  /** Leave record and logs after the end. Default false. */
  readonly keepRecord?: boolean;
  /** Called when the machine exists, before the workload runs. */
  readonly onSandbox?: (sandbox: Sandbox) => Promise<void>;
  /** Called when the workload runs. */
  readonly onRunning?: (container: Container) => void;
}

/** How a run ended. */
export interface RunOutcome {
  readonly exitCode: number;
  /** Whether the guest killed the workload for lack of memory. */
  readonly isOutOfMemory: boolean;
  readonly phases: readonly Phase[];
}

/**
 * Runs one workload in a machine of its own, from the image to the last trace of it. Errors: `SandboxError`.
 * @param request what to run
 * @param context where
 */
export async function runWorkload(request: RunRequest, context: RunContext): Promise<RunOutcome> {
  const { interrupts, progress } = context;
  const { signal } = interrupts;
  progress.say('preparing the image');
  const image = await resolveImage(request.image, { signal });
  const wanted = workloadOptions(request, image, signal);
  // What cannot work is said before a machine is started for it. Plain words have been checked already.
  if (image.spec !== undefined || request.mounts.length > 0 || Object.keys(request.choices).length > 0)
    await checkContainerOptions(wanted);
  const shmMib = request.shmMib ?? (image.spec === undefined ? undefined : await bundleShmMib(image.spec));
  await checkDevices({ ...request, image }, request.deviceSettings);
  progress.say('starting the virtual machine');
  const id = request.name ?? generateId();
  const consoleDirectory = context.env['HAKO_CONSOLE_DIR'] ?? '';
  await using sandbox = await createSandbox(
    {
      id,
      image: request.image,
      command: wanted.command,
      assets: request.assets,
      accelerator: request.accelerator,
      network: networkFor(request.network, image),
      template: request.template,
      kernelParameters: request.kernelParameters,
      programs: request.programs,
      rootfs: request.rootfs,
      ...request.sharing,
      devices: request.deviceSettings,
      ...request.machineSettings,
      ...request.guestSetup,
      ...(request.machine === undefined ? {} : { machine: request.machine }),
      debug: request.debug,
      keepRecord: context.keepRecord ?? false,
      onOwnerExit: request.keep ? 'keep' : 'stop',
      signal,
      ...(consoleDirectory === '' ? {} : { keepConsoleLog: join(consoleDirectory, `${id}.log`) }),
      ...(request.dns === undefined ? {} : { dns: request.dns }),
      ...(request.hostname === undefined ? {} : { hostname: request.hostname }),
      ...(shmMib === undefined ? {} : { shmMib }),
      ...request.sizing,
      ...(request.sizesOnce ? podLimits(image) : {}),
    },
    context.sandbox,
  );
  await context.onSandbox?.(sandbox);
  progress.say('booting the guest');
  const container = await sandbox.createContainer(wanted);
  progress.clear();
  const exitCode = await attend(request, context, sandbox, container);
  const isOutOfMemory =
    context.interrupts.exitCode === undefined &&
    (await wasOutOfMemory(exitCode, () => sandbox.ranOutOfMemory(container.id)));
  // Only what the guest may still have to write to the host is worth the time of an orderly end.
  await sandbox.stop({ exitCode, graceful: hasSomethingToWrite(request, image) });
  return { exitCode, isOutOfMemory, phases: sandbox.phases };
}

/** Hooks may be what sets the namespace up. */
function networkFor(network: NetworkOptions, { spec }: ContainerImage): NetworkOptions {
  const mayBeEmpty = setUpHooks(spec?.hooks).length > 0;
  return network.kind === 'namespace' && mayBeEmpty ? { ...network, mayBeEmpty } : network;
}

async function attend(
  request: RunRequest,
  context: RunContext,
  sandbox: Sandbox,
  container: Container,
): Promise<number> {
  const { interrupts, streams } = context;
  using terminalUse = new DisposableStack();
  if (request.terminal) terminalUse.use(await followTerminalSize(streams.stdout, container));
  await container.start({ signal: interrupts.signal });
  // Not before it runs: a process that is yet to start hears no signal.
  interrupts.handOver({
    forward: (name) => void container.kill(name).catch(() => undefined),
    tearDown: () => void sandbox.stop({ graceful: false }).catch(() => undefined),
  });
  context.onRunning?.(container);
  if (request.terminal && request.interactive) terminalUse.use(rawTerminal(streams.stdin));
  try {
    const [exitCode] = await Promise.all([container.wait(), relay(container, streams, request)]);
    return exitCode;
  } catch (error) {
    if (error instanceof ReaderGone) return exitCodes.signalBase + error.signal;
    throw error;
  }
}

/** Whether the guest may still hold back something that was written to files or disks of the host. */
function hasSomethingToWrite(
  { volumes, blockVolumes, devices }: RunRequest,
  { spec }: ContainerImage,
): boolean {
  if ([...volumes, ...blockVolumes, ...devices].some(({ readOnly }) => readOnly !== true)) return true;
  const ofHost = (spec?.mounts ?? []).filter(({ source }) => source?.startsWith('/') === true);
  return (
    ofHost.some(({ options = [] }) => !options.includes('ro')) ||
    (spec?.linux?.devices ?? []).some(({ type }) => type === 'b')
  );
}
