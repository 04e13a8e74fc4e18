// SPDX-License-Identifier: Apache-2.0
import { mkdir } from 'node:fs/promises';
import { sharedDirectoryTag } from '@hako/protocols';
import type { AgentLink } from './agent-link.ts';
import type { AgentSocket } from './agent-socket.ts';

/** A virtual machine that is being put together, as far as its agent is concerned. */
export interface AgentVm {
  /** Whether directories of the host can be shared with the guest. */
  readonly sharesFiles: boolean;
  /** Decides how its agent will be reached; may reserve a vsock context id. */
  generateSocket(id: string): Promise<AgentSocket>;
  /** Gives it the device behind a socket. Not called for `remote` and `mock`. */
  addAgentSocket(socket: AgentSocket): Promise<void>;
  /** Gives it a shared directory. */
  addSharedDirectory(directory: { readonly tag: string; readonly path: string }): Promise<void>;
}

/** Only its owner and their group may look into the directory that is shared. */
const sharedDirectoryMode = 0o750;

/** Puts the agent's devices into a machine: its socket, and the directory `sharePath` where the machine can share it. */
export async function configureVm(
  link: AgentLink,
  vm: AgentVm,
  id: string,
  sharePath: string,
): Promise<void> {
  const socket = await vm.generateSocket(id);
  link.socket = socket;
  if (socket.kind !== 'remote' && socket.kind !== 'mock') await vm.addAgentSocket(socket);
  if (!vm.sharesFiles) return;
  await mkdir(sharePath, { recursive: true, mode: sharedDirectoryMode });
  await vm.addSharedDirectory({ tag: sharedDirectoryTag, path: sharePath });
}
