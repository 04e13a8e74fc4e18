// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from './sandbox-error.ts';

/**
 * Where a sandbox is in its life.
 *
 * ```mermaid
 * stateDiagram-v2
 *   [*] --> starting
 *   starting --> running: the agent answers
 *   starting --> failed: boot failed or was aborted
 *   starting --> stopping: stop
 *   starting --> released: an orphan could not be taken up
 *   running --> stopping: stop
 *   running --> failed: the machine was lost
 *   running --> released: it goes on without this process
 *   stopping --> stopped
 * ```
 *
 * In `stopped` and `failed` nothing of the sandbox is left on the host, or is being removed right then.
 */
export type SandboxState =
  | { readonly name: 'starting' }
  | { readonly name: 'running' }
  | { readonly name: 'stopping' }
  | { readonly name: 'stopped' }
  | { readonly name: 'released' }
  | { readonly name: 'failed'; readonly error: SandboxError };

const successors: Readonly<Record<SandboxState['name'], readonly SandboxState['name'][]>> = {
  starting: ['running', 'stopping', 'failed', 'released'],
  running: ['stopping', 'failed', 'released'],
  stopping: ['stopped'],
  stopped: [],
  released: [],
  failed: [],
};

/**
 * Says whether a sandbox may go from one state to another.
 * @param from present state
 * @param to wanted state
 */
export function mayFollow(from: SandboxState['name'], to: SandboxState['name']): boolean {
  return successors[from].includes(to);
}

/**
 * Throws `invalid_state` unless the state is one of those allowed; a failed sandbox throws what it failed with.
 * @param operation the call, for the message
 * @param state present state
 * @param allowed states in which the call makes sense
 */
export function expectState(
  operation: string,
  state: SandboxState,
  ...allowed: SandboxState['name'][]
): void {
  if (allowed.includes(state.name)) return;
  if (state.name === 'failed') throw state.error;
  throw new SandboxError('invalid_state', `${operation}: the sandbox is ${state.name}`);
}
