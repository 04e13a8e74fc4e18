// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, raceWithSignal } from '@hako/hypervisor';
import { openAgentChannel, type AgentVsock } from './agent-channel.ts';
import type { AgentRoad } from './command-line/launch-plan.ts';
import { ConsoleLog } from './console/console-log.ts';
import type { SurvivalSockets } from './process/survival-sockets.ts';
import { spawnVmm } from './process/vmm-process.ts';
import { QmpClient, type QmpClientOptions } from './qmp/qmp-client.ts';
import { QmpError } from './qmp/qmp-error.ts';
import { restoreSnapshot } from './snapshot/restore-snapshot.ts';
import {
  consoleLogPath,
  describeExit,
  earlyExitError,
  endEvents,
  followEnd,
  releaseVmm,
  type RunningVmm,
  type VmmResources,
} from './running-vmm.ts';

/** A QEMU that closed its monitor has this long to end by itself, so that its own exit status is seen. */
const ownExitTimeoutMs = 5_000;

/** The steps of a launch, for measuring. */
export type LaunchPhase = 'vmmSpawned' | 'monitorReady' | 'guestRunning';

/** What {@link launchVmm} starts. */
export interface LaunchRequest {
  readonly vmId: string;
  readonly runDir: string;
  /** Where a machine that survives its owner listens for its monitor and console. */
  readonly sockets?: SurvivalSockets;
  readonly command: readonly [string, ...(readonly string[])];
  readonly road: AgentRoad;
  readonly vsock: AgentVsock;
  /** Directory of the snapshot to start from; the command says `-incoming defer` then. */
  readonly restoreFrom?: string;
  readonly loadSendDescriptors?: QmpClientOptions['loadSendDescriptors'];
  readonly onPhase: (phase: LaunchPhase) => void;
}

/**
 * Starts QEMU, shakes hands, connects the agent port and lets the guest run. Whatever fails, and when the signal
 * fires, everything done so far is undone before this rejects.
 *
 * @throws HypervisorError `invalid_config` (console log) | `vmm_missing` | `vmm_exited` | `monitor_failed` | the signal's reason
 */
export async function launchVmm(request: LaunchRequest, signal: AbortSignal): Promise<RunningVmm> {
  signal.throwIfAborted();
  const console = openConsoleLog(consoleLogPath(request.runDir));
  const process = await spawnVmm(request, signal).catch((error: unknown) => {
    console[Symbol.dispose]();
    throw error;
  });
  process.console.on('data', (chunk: Uint8Array) => console.push(chunk));
  const { road, sockets } = request;
  const panic = Promise.withResolvers<undefined>();
  const resources: VmmResources = { process, console, road, panic, ...(sockets && { sockets }) };
  request.onPhase('vmmSpawned');
  try {
    return await bringUp(resources, request, signal);
  } catch (error) {
    const failure = await abandon(resources, request.vmId, error, signal);
    await releaseVmm(resources);
    throw failure;
  }
}

function openConsoleLog(path: string): ConsoleLog {
  try {
    return new ConsoleLog(path);
  } catch (cause) {
    throw new HypervisorError('invalid_config', `console log ${path} cannot be written`, {
      operand: 'runDir',
      cause,
    });
  }
}

async function bringUp(
  resources: VmmResources,
  request: LaunchRequest,
  signal: AbortSignal,
): Promise<RunningVmm> {
  const unlimited = { signal, timeoutMs: Infinity };
  const monitor = await QmpClient.connect(resources.process.monitor, {
    ...unlimited,
    loadSendDescriptors: request.loadSendDescriptors,
  });
  resources.monitor = monitor;
  request.onPhase('monitorReady');
  void followEnd(resources, endEvents(monitor));
  const agent = await openAgentChannel(request.road, request.vsock, signal);
  resources.agent = agent;
  if (request.restoreFrom !== undefined) {
    await restoreSnapshot({ monitor, process: resources.process, directory: request.restoreFrom }, signal);
  }
  await monitor.execute('cont', {}, unlimited);
  signal.throwIfAborted();
  request.onPhase('guestRunning');
  return Object.assign(resources, { monitor, agent });
}

/** Ends a QEMU whose start failed and says what the failure was. */
async function abandon(
  resources: VmmResources,
  vmId: string,
  error: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const { process } = resources;
  const lost = error instanceof QmpError && error.code === 'connection_lost';
  if (lost && !signal.aborted) {
    const end = await raceWithSignal(process.ended, AbortSignal.timeout(ownExitTimeoutMs)).catch(
      () => undefined,
    );
    if (end !== undefined) return earlyExitError(vmId, describeExit(resources, end), error);
  }
  process.kill('SIGKILL');
  await process.ended;
  if (signal.aborted) return signal.reason;
  return error instanceof QmpError ? monitorError(vmId, error) : error;
}

/** The one translation from the monitor's errors to the contract's. */
export function monitorError(vmId: string, error: QmpError): HypervisorError {
  return new HypervisorError('monitor_failed', `vm ${vmId}: ${error.message}`, {
    operand: error.command ?? vmId,
    cause: error,
  });
}
