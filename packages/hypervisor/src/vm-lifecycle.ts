// SPDX-License-Identifier: Apache-2.0
import { HypervisorError } from './hypervisor-error.ts';
import type { VmExit } from './vm-exit.ts';

/**
 * The states of a VM, each holding what is alive in it. `Live` is the driver's bundle of resources: process, monitor,
 * streams.
 */
export type VmState<Live> =
  | { readonly name: 'created' }
  | { readonly name: 'starting'; readonly cancel: AbortController }
  | { readonly name: 'running'; readonly live: Live }
  | { readonly name: 'paused'; readonly live: Live }
  | { readonly name: 'stopping'; readonly outcome: Promise<VmExit> }
  | { readonly name: 'stopped'; readonly exit: VmExit };

/** Name of a {@link VmState}. */
export type VmStateName = VmState<unknown>['name'];

const successors: { readonly [From in VmStateName]: readonly VmStateName[] } = {
  created: ['starting', 'stopping', 'stopped'],
  starting: ['running', 'stopping', 'stopped'],
  running: ['paused', 'stopping', 'stopped'],
  paused: ['running', 'stopping', 'stopped'],
  stopping: ['stopped'],
  stopped: [],
};

/** Holds the state of one VM; the only place where it changes. Shared by the drivers and the fake. */
export class VmLifecycle<Live> {
  readonly #vmId: string;
  #state: VmState<Live>;

  /** @param state - Where it begins; a machine that is adopted is there already. */
  constructor(vmId: string, state: VmState<Live> = { name: 'created' }) {
    this.#vmId = vmId;
    this.#state = state;
  }

  get state(): VmState<Live> {
    return this.#state;
  }

  /** @throws HypervisorError `invalid_state` if the diagram of {@link VirtualMachine} has no such arrow */
  transition(next: VmState<Live>): void {
    if (!successors[this.#state.name].includes(next.name)) {
      throw this.wrongState(`become ${next.name}`);
    }
    this.#state = next;
  }

  /** The state if it has one of these names. @throws HypervisorError `invalid_state` */
  expect<Name extends VmStateName>(
    operation: string,
    ...names: readonly Name[]
  ): Extract<VmState<Live>, { name: Name }> {
    const state = this.#state;
    if (isOneOf(state, names)) return state;
    throw this.wrongState(operation);
  }

  /** The error of calling `operation` now. */
  wrongState(operation: string): HypervisorError {
    return new HypervisorError(
      'invalid_state',
      `vm ${this.#vmId} cannot ${operation} while ${this.#state.name}`,
      {
        operand: operation,
      },
    );
  }
}

function isOneOf<State extends { readonly name: string }, Name extends State['name']>(
  state: State,
  names: readonly Name[],
): state is Extract<State, { name: Name }> {
  return names.some((name) => name === state.name);
}
