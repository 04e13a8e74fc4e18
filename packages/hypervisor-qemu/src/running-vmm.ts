// SPDX-License-Identifier: Apache-2.0
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  HypervisorError,
  lastPrintableLine,
  type StopMeans,
  type VmExit,
  type VmExitReason,
} from '@hako/hypervisor';
import type { AgentChannel } from './agent-channel.ts';
import type { AgentRoad } from './command-line/launch-plan.ts';
import type { ConsoleLog } from './console/console-log.ts';
import type { SurvivalSockets } from './process/survival-sockets.ts';
import { stopProcess, type StopOutcome } from './process/stop-ladder.ts';
import type { ProcessEnd, VmmProcess } from './process/vmm-process.ts';
import type { EventQueue } from './qmp/event-queue.ts';
import type { QmpClient } from './qmp/qmp-client.ts';
import type { QmpEvent } from './qmp/qmp-message.ts';

/** The resources of one QEMU, as they come alive. */
export interface VmmResources {
  readonly process: VmmProcess;
  readonly console: ConsoleLog;
  readonly road: AgentRoad;
  /** Those of a machine that survives its owner. */
  readonly sockets?: SurvivalSockets;
  monitor?: QmpClient;
  agent?: AgentChannel;
  /** What QEMU's SHUTDOWN event said, if it came. */
  shutdownReason?: string;
  /** Fulfils when QEMU says that the guest has panicked, which it hears from a panic device alone. */
  readonly panic: PromiseWithResolvers<undefined>;
}

/** Those of a QEMU whose guest runs. */
export type RunningVmm = VmmResources & { readonly monitor: QmpClient; readonly agent: AgentChannel };

/** The end of a machine that nobody has started. */
export const neverStarted: VmExit = {
  reason: 'never_started',
  exitCode: null,
  signal: null,
  stderrTail: '',
  consoleTail: '',
};

/** The console log's place in the run directory. */
export function consoleLogPath(runDir: string): string {
  return join(runDir, 'console.log');
}

/** What {@link followEnd} hears. */
type EndEvents = EventQueue<QmpEvent<'SHUTDOWN' | 'GUEST_PANICKED'>>;

/** Listens for {@link followEnd}; what comes before that is kept for it. */
export function endEvents(monitor: QmpClient): EndEvents {
  return monitor.events(['SHUTDOWN', 'GUEST_PANICKED']);
}

/** Hears why QEMU shuts down, and that its guest has panicked; ends with the monitor connection. */
export async function followEnd(resources: VmmResources, events: EndEvents): Promise<void> {
  try {
    for await (const event of events) {
      if (event.event === 'SHUTDOWN') resources.shutdownReason = event.data.reason;
      else resources.panic.resolve(undefined);
    }
  } catch {
    // The end of the connection is the end of the story; the process tells how it ended.
    return;
  }
}

/** Ends QEMU within `timeoutMs` and answers how; see {@link stopProcess}. */
export async function stopVmm(resources: VmmResources, timeoutMs: number): Promise<VmExit> {
  const { stoppedBy, end } = await endVmm(resources, timeoutMs);
  return describeExit(resources, end, stoppedBy);
}

/** As {@link stopVmm}, for whoever knows a better reason. */
export async function endVmm({ process, monitor }: VmmResources, timeoutMs: number): Promise<StopOutcome> {
  const request = () =>
    monitor === undefined
      ? Promise.reject(new Error('no monitor'))
      : monitor
          .execute('quit', {}, { timeoutMs })
          .catch((error: unknown) => waitIfClosed(error, process.ended));
  return await stopProcess(process, request, timeoutMs);
}

/** QEMU may close the monitor before its answer to `quit` is read: then it is on its way out. */
async function waitIfClosed(error: unknown, ended: Promise<ProcessEnd>): Promise<unknown> {
  if (error instanceof Error && 'code' in error && error.code === 'connection_lost') return await ended;
  throw error;
}

/** How QEMU ended, with all the evidence. `end` is `undefined` for a process that could not be reaped. */
export function describeExit(
  resources: VmmResources,
  end: ProcessEnd | undefined,
  stoppedBy?: StopMeans,
): VmExit {
  return {
    reason: stoppedBy === undefined ? ownReason(resources) : 'stopped',
    exitCode: end?.exitCode ?? null,
    signal: end?.signal ?? null,
    ...(stoppedBy !== undefined && { stoppedBy }),
    stderrTail: resources.process.stderrTail(),
    consoleTail: resources.console.tail(),
  };
}

function ownReason({ console, shutdownReason }: VmmResources): VmExitReason {
  if (console.hasPanicked || shutdownReason === 'guest-panic') return 'guest_panicked';
  if (shutdownReason === 'guest-shutdown') return 'guest_shutdown';
  if (shutdownReason === 'guest-reset') return 'guest_reset';
  return 'vmm_exited';
}

/** Frees what a dead QEMU leaves: descriptors and sockets. The console log stays. */
export async function releaseVmm(resources: VmmResources): Promise<void> {
  disconnectVmm(resources);
  // QEMU removes its socket only when it ends in order.
  if (resources.road.kind === 'virtio-serial') await rm(resources.road.socketPath, { force: true });
  const { monitorPath, consolePath } = resources.sockets ?? {};
  for (const path of [monitorPath, consolePath]) if (path !== undefined) await rm(path, { force: true });
}

/** Closes all connections to a QEMU, which may go on. */
export function disconnectVmm(resources: VmmResources): void {
  resources.monitor?.[Symbol.dispose]();
  resources.process.monitor.destroy();
  resources.process.console.destroy();
  resources.agent?.[Symbol.dispose]();
  resources.console[Symbol.dispose]();
}

/** The error for a QEMU that ended before its guest ran. */
export function earlyExitError(vmId: string, exit: VmExit, cause: unknown): HypervisorError {
  const status = exit.signal ?? `status ${exit.exitCode ?? 'unknown'}`;
  const said = lastPrintableLine(exit.stderrTail);
  return new HypervisorError(
    'vmm_exited',
    `qemu of vm ${vmId} ended with ${status}${said === '' ? '' : `: ${said}`}`,
    {
      operand: vmId,
      exit,
      stderrTail: exit.stderrTail,
      cause,
    },
  );
}
