// SPDX-License-Identifier: Apache-2.0
import { parseAddress } from '@hako/ttrpc';
import type { AgentOptions } from '../config/agent-options.ts';
import type { Logger } from '../logging/logger.ts';
import type { ProgramRunner } from '../system/program-runner.ts';
import { loadModule } from './load-module.ts';

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

/** Joins the guest's vsock to the host, whatever listens on it already. */
export async function loadVsockTransport(runProgram: ProgramRunner, logger: Logger): Promise<void> {
  await loadModule(transportModule, runProgram, logger);
}
