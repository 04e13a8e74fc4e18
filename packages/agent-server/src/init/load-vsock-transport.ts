// SPDX-License-Identifier: Apache-2.0
import { parseAddress } from '@hako/ttrpc';
import type { AgentOptions } from '../config/agent-options.ts';
import type { Logger } from '../logging/logger.ts';
import { modprobe } from '../system/modprobe.ts';
import type { ProgramRunner } from '../system/program-runner.ts';

/** The kernel fetches by itself what sockets need within one machine (net-pf-40), but not what joins them to the host. */
const transportModule = 'vmw_vsock_virtio_transport';

/** The options that put something on vsock. */
export type VsockOptions = Pick<
  AgentOptions,
  'passfdListenerPort' | 'logVport' | 'debugConsole' | 'debugConsoleVport'
>;

/** Whether the host is to reach anything of the agent by vsock. */
export function usesVsock(address: string, options: VsockOptions): boolean {
  const { passfdListenerPort, logVport, debugConsole, debugConsoleVport } = options;
  if (passfdListenerPort > 0 || logVport > 0 || (debugConsole && debugConsoleVport > 0)) return true;
  return parseAddress(address).scheme === 'vsock';
}

/**
 * Joins the guest's vsock to the host, whatever listens on it already. A kernel that has the transport built in, or none,
 * is left as it is.
 */
export async function loadVsockTransport(runProgram: ProgramRunner, logger: Logger): Promise<void> {
  try {
    const { exitCode, stderr } = await modprobe(runProgram, ['-q', transportModule]);
    if (exitCode !== 0) logger.debug({ module: transportModule, stderr }, 'module was not loaded');
  } catch (error) {
    logger.warn({ error, module: transportModule }, 'module could not be loaded');
  }
}
