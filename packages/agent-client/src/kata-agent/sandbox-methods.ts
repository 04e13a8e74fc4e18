// SPDX-License-Identifier: Apache-2.0
import type { AgentCallOptions } from '../caller.ts';
import type { AgentConfig } from './agent-config.ts';
import type { AgentLink } from './agent-link.ts';
import { configureVm, type AgentVm } from './agent-vm.ts';
import { startSandbox, type SandboxStart } from './start-sandbox.ts';

/** A machine's making and the sandbox in it. */
export interface SandboxMethods {
  /** Puts the agent's devices into the machine of a sandbox; `sharePath` is the directory that it shares. No request. */
  createSandbox(vm: AgentVm, id: string, sharePath: string): Promise<void>;
  /** Tells a guest that has booted what it is. Failures of any step come through; nothing is taken back. */
  startSandbox(sandbox: SandboxStart, options?: AgentCallOptions): Promise<void>;
  /** Destroys the sandbox in the guest; the machine powers itself off. */
  stopSandbox(options?: AgentCallOptions): Promise<void>;
  /** As `createSandbox`, for a machine that is no sandbox yet. */
  configure(vm: AgentVm, id: string, sharePath: string): Promise<void>;
  /** Knows a machine that another process has configured: where its agent is, and how to connect. */
  configureFromGrpc(vm: Pick<AgentVm, 'generateSocket'>, id: string, config: AgentConfig): Promise<void>;
}

/** Makes the {@link SandboxMethods} of a link. */
export function sandboxMethods(link: AgentLink): SandboxMethods {
  return {
    createSandbox: (vm, id, sharePath) => configureVm(link, vm, id, sharePath),
    startSandbox: (sandbox, options = {}) => startSandbox(link, sandbox, options),
    async stopSandbox(options) {
      await link.request((client) => client.destroySandbox(options));
    },
    configure: (vm, id, sharePath) => configureVm(link, vm, id, sharePath),
    async configureFromGrpc(vm, id, config) {
      link.socket = await vm.generateSocket(id);
      link.config = { ...link.config, longLiveConn: config.longLiveConn ?? true };
    },
  };
}
