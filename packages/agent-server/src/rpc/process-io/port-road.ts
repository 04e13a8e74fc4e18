// SPDX-License-Identifier: Apache-2.0
import type { PortReady } from '@hako/protocols/process-io';
import type { Logger } from '../../logging/logger.ts';
import type { OutputPorts } from '../../output-port/output-ports.ts';
import { tokenBytes, type OutputPort, type PortSession } from '../../output-port/output-port.ts';
import type { OutputName } from '../../process/guest-process.ts';

/** A client that says it has written its token is believed for so long. */
const joinTimeoutMs = 5_000;

/** What one output goes through: a port, and its number there. */
export interface OpenRoad {
  readonly session: PortSession;
  readonly number: number;
}

/** An attached client's other road for output: the port it has offered, once it is at its end. */
export class PortRoad {
  readonly #ports: OutputPorts;
  readonly #logger: Logger;
  #offered: string | undefined;
  #wasLookedFor = false;
  /** The offered port, for which the client is asked. */
  #port: OutputPort | undefined;
  #isReady = false;
  #open:
    { readonly session: PortSession; readonly numbers: Readonly<Record<OutputName, number>> } | undefined;

  constructor(ports: OutputPorts, logger: Logger) {
    this.#ports = ports;
    this.#logger = logger;
  }

  /** The client offers a port; the first offer counts. */
  offer(name: string): void {
    this.#offered ??= name;
  }

  /** Whether the client is to be asked to connect. True once at most; a port that is not there is looked for once. */
  shallBeAskedFor(): boolean {
    if (this.#wasLookedFor || this.#offered === undefined) return false;
    this.#wasLookedFor = true;
    this.#port = this.#ports.find(this.#offered);
    return this.#port !== undefined;
  }

  /**
   * The client says that it is there: from the moment on at which its token has been found, the road is open. If that never
   * happens it stays closed, and output goes on coming by messages.
   *
   * @returns false for what a client must not say
   */
  ready({ token, stdout, stderr }: PortReady, signal: AbortSignal): boolean {
    if (this.#port === undefined || this.#isReady) return false;
    if (token.length !== tokenBytes || stdout === stderr) return false;
    this.#isReady = true;
    const limits = AbortSignal.any([signal, AbortSignal.timeout(joinTimeoutMs)]);
    this.#port.join(token, limits).then(
      (session) => {
        this.#open = { session, numbers: { stdout, stderr } };
      },
      (error: unknown) => {
        if (!signal.aborted)
          this.#logger.warn({ error, port: this.#offered }, 'port cannot be used for output');
      },
    );
    return true;
  }

  /** The road for one output, when it is open. */
  open(output: OutputName): OpenRoad | undefined {
    return this.#open && { session: this.#open.session, number: this.#open.numbers[output] };
  }
}
