// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';

/** Bytes of randomness in an id; it is written as twice as many hexadecimal digits. */
const idBytes = 32;

/** A random id of 64 hexadecimal digits, as agent-ctl makes them. */
export function randomId(): string {
  return randomBytes(idBytes).toString('hex');
}

/**
 * The container and the process that the commands of a run are about: what was named last, or a random name at first. The
 * process is the container's first one until another is named.
 */
export class RememberedNames {
  readonly #makeId: () => string;
  #container: string | undefined;
  #process: string | undefined;

  /** @param makeId - how a container is named that nobody has named */
  constructor(makeId: () => string = randomId) {
    this.#makeId = makeId;
  }

  /** Name of the container, made now if there is none. */
  get container(): string {
    this.#container ??= this.#makeId();
    return this.#container;
  }

  /** Name of the process. */
  get process(): string {
    return this.#process ?? this.container;
  }

  /** Remembers what a request names. */
  remember(container: unknown, process: unknown): void {
    if (typeof container === 'string' && container !== '' && container !== this.#container) {
      this.#container = container;
      this.#process = undefined;
    }
    if (typeof process === 'string' && process !== '') this.#process = process;
  }
}
