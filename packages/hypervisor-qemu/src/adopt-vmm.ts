// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, isAlive, type VmRecord } from '@hako/hypervisor';
import { openAgentChannel, type AgentVsock } from './agent-channel.ts';
import { ConsoleLog } from './console/console-log.ts';
import { monitorError } from './launch-vmm.ts';
import { adoptProcess } from './process/adopted-process.ts';
import { connectSocket } from './process/connect-socket.ts';
import { survivalSockets } from './process/survival-sockets.ts';
import { QmpClient, type QmpClientOptions } from './qmp/qmp-client.ts';
import { QmpError } from './qmp/qmp-error.ts';
import { consoleLogPath, endEvents, followEnd, type RunningVmm } from './running-vmm.ts';
import type { QemuVmState } from './vm-state.ts';

/** What {@link adoptVmm} takes over. */
export interface AdoptRequest {
  readonly process: VmRecord['process'];
  readonly state: QemuVmState;
  readonly vsock: AgentVsock;
  readonly loadSendDescriptors?: QmpClientOptions['loadSendDescriptors'];
}

/** A QEMU whose connections are this process's now. */
export interface AdoptedVmm {
  readonly live: RunningVmm;
  readonly isPaused: boolean;
}

/**
 * Connects to a QEMU that another process has started: monitor, console, agent. On failure it is left as it is.
 *
 * @throws HypervisorError `vmm_exited` | `invalid_state` if it is alive and does not run its guest any more, such as after an
 *   error of its disk | `monitor_failed` | the signal's reason
 */
export async function adoptVmm(
  { process: identity, state, vsock, loadSendDescriptors }: AdoptRequest,
  signal: AbortSignal,
): Promise<AdoptedVmm> {
  const { config, road } = state;
  if (!(await isAlive(identity))) throw gone(config.id);
  const sockets = survivalSockets(config.runDir);
  const opened: (() => void)[] = [];
  try {
    const stream = await connectSocket(sockets.monitorPath, signal);
    opened.push(() => void stream.destroy());
    const monitor = await QmpClient.connect(stream, { signal, timeoutMs: Infinity, loadSendDescriptors });
    // From before the status is asked for, so that nothing falls between.
    const events = endEvents(monitor);
    const { status } = await monitor.execute('query-status', {}, { signal, timeoutMs: Infinity });
    if (status !== 'running' && status !== 'paused') throw standstill(config.id, status);
    const consoleStream = await connectSocket(sockets.consolePath, signal);
    opened.push(() => void consoleStream.destroy());
    const console = new ConsoleLog(consoleLogPath(config.runDir), { append: true });
    opened.push(() => console[Symbol.dispose]());
    consoleStream.on('data', (chunk: Uint8Array) => console.push(chunk));
    const agent = await openAgentChannel(road, vsock, signal);
    opened.push(() => agent[Symbol.dispose]());
    signal.throwIfAborted();
    const process = adoptProcess(identity, stream, consoleStream);
    const panic = Promise.withResolvers<undefined>();
    const live: RunningVmm = { process, console, road, sockets, monitor, agent, panic };
    void followEnd(live, events);
    return { live, isPaused: status === 'paused' };
  } catch (error) {
    for (const close of opened) close();
    signal.throwIfAborted();
    if (!(await isAlive(identity))) throw gone(config.id);
    throw error instanceof QmpError ? monitorError(config.id, error) : error;
  }
}

function gone(id: string): HypervisorError {
  return new HypervisorError('vmm_exited', `vm ${id} is gone`, { operand: id });
}

/** What QEMU says of a machine whose guest it does not run, and which is not just paused: `io-error`, `guest-panicked`, … */
function standstill(id: string, status: string): HypervisorError {
  return new HypervisorError('invalid_state', `vm ${id} stands still: qemu says ${status}`, { operand: id });
}
