// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';
import type { Container } from './container.ts';

/** The containers of a sandbox by id. */
export interface ContainerTable {
  /** All of them, in the order they were made. */
  readonly all: readonly Container[];
  /** Whether there is none and none is being made. */
  readonly isEmpty: boolean;
  /**
   * Takes an id for a container that is about to be made; disposal gives it back.
   *
   * @throws AgentError `container_exists`
   */
  reserve(id: string): Disposable;
  /** Enters a container that is ready. */
  add(container: Container): void;
  /** @throws AgentError `container_not_found` */
  get(id: string): Container;
  /** Takes a container out; does nothing when another one has its id by now. */
  remove(container: Container): void;
}

/** An empty {@link ContainerTable}. */
export function createContainerTable(): ContainerTable {
  const containers = new Map<string, Container>();
  const reserved = new Set<string>();
  return {
    get all() {
      return [...containers.values()];
    },
    get isEmpty() {
      return containers.size === 0 && reserved.size === 0;
    },
    reserve(id) {
      if (containers.has(id) || reserved.has(id)) {
        throw new AgentError('container_exists', `container ${id} exists already`, { operand: id });
      }
      reserved.add(id);
      return { [Symbol.dispose]: () => void reserved.delete(id) };
    },
    add(container) {
      containers.set(container.id, container);
    },
    get(id) {
      const container = containers.get(id);
      if (container === undefined) {
        throw new AgentError('container_not_found', `container ${JSON.stringify(id)} not found`, {
          operand: id,
        });
      }
      return container;
    },
    remove(container) {
      if (containers.get(container.id) === container) containers.delete(container.id);
    },
  };
}
