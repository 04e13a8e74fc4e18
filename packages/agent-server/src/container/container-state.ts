// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';
import type { GuestProcess } from '../process/guest-process.ts';
import type { ExitStatus } from '../process/process-io.ts';

/**
 * Where a container is in its life. The first process is held as long as it lives.
 *
 * ```mermaid
 * stateDiagram-v2
 *   [*] --> created : CreateContainer
 *   created --> starting : StartContainer
 *   starting --> running
 *   starting --> created : the runtime refused
 *   created --> exited : init died
 *   starting --> exited : init died
 *   running --> exited : init died
 *   created --> paused : PauseContainer
 *   running --> paused : PauseContainer
 *   paused --> created : ResumeContainer
 *   paused --> running : ResumeContainer
 *   paused --> exited : init died
 *   created --> destroying : RemoveContainer
 *   running --> destroying : RemoveContainer
 *   paused --> destroying : RemoveContainer
 *   exited --> destroying : RemoveContainer
 *   destroying --> destroyed
 *   destroying --> exited : something could not be removed
 *   destroyed --> [*]
 * ```
 */
export type ContainerState =
  | { readonly kind: 'created'; readonly init: GuestProcess }
  | { readonly kind: 'starting'; readonly init: GuestProcess }
  | { readonly kind: 'running'; readonly init: GuestProcess }
  | { readonly kind: 'paused'; readonly init: GuestProcess; readonly before: 'created' | 'running' }
  | { readonly kind: 'exited'; readonly status: ExitStatus }
  | { readonly kind: 'destroying'; readonly done: Promise<void>; readonly before: LivingState }
  | { readonly kind: 'destroyed' };

/** The states from which a container can be destroyed. */
export type LivingState = Exclude<
  ContainerState,
  { readonly kind: 'destroying' } | { readonly kind: 'destroyed' }
>;

/** What can happen to a container. */
export type ContainerEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'started' }
  | { readonly kind: 'start_failed' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'init_exited'; readonly status: ExitStatus }
  | { readonly kind: 'destroy'; readonly done: Promise<void> }
  | { readonly kind: 'destroyed' }
  | { readonly kind: 'destroy_failed' };

/**
 * The state after an event.
 *
 * @throws AgentError `invalid_state` naming the operation and the state, when the two do not fit
 */
export function nextState(containerId: string, state: ContainerState, event: ContainerEvent): ContainerState {
  switch (event.kind) {
    case 'start':
      if (state.kind === 'created') return { kind: 'starting', init: state.init };
      break;
    case 'started':
      if (state.kind === 'starting') return { kind: 'running', init: state.init };
      // Its program may have ended before the runtime said that it runs.
      return state;
    case 'start_failed':
      return state.kind === 'starting' ? { kind: 'created', init: state.init } : state;
    case 'pause':
      if (state.kind === 'created' || state.kind === 'running') {
        return { kind: 'paused', init: state.init, before: state.kind };
      }
      break;
    case 'resume':
      if (state.kind === 'paused') return { kind: state.before, init: state.init };
      break;
    case 'init_exited':
      if (state.kind === 'destroyed') return state;
      if (state.kind === 'destroying') return { ...state, before: { kind: 'exited', status: event.status } };
      return { kind: 'exited', status: event.status };
    case 'destroy':
      if (state.kind !== 'destroying' && state.kind !== 'destroyed') {
        return { kind: 'destroying', done: event.done, before: state };
      }
      break;
    case 'destroyed':
      if (state.kind === 'destroying') return { kind: 'destroyed' };
      break;
    case 'destroy_failed':
      if (state.kind === 'destroying') return state.before;
      break;
  }
  throw new AgentError(
    'invalid_state',
    `cannot ${event.kind} container ${containerId}: it is ${state.kind}`,
    {
      operand: containerId,
    },
  );
}
