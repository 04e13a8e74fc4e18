// SPDX-License-Identifier: Apache-2.0
import type { PortReady } from '@hako/protocols/process-io';
import type { Logger } from '../../logging/logger.ts';
import type { OutputPorts } from '../../output-port/output-ports.ts';
import { tokenBytes, type PortSession } from '../../output-port/output-port.ts';
import type { OutputName } from '../../process/guest-process.ts';

/** A client that says it has written its token is believed for so long. */
const joinTimeoutMs = 5_000;

/** An attached client's other road for output: the port it has offered, once it is at its end. */
export class PortRoad {
  readonly #ports: OutputPorts;
  readonly #logger: Logger;
  #offered: string | undefined;
  #isWanted = false;
  #numbers: Readonly<Record<OutputName, number>> | undefined;
  #session: PortSession | undefined;

  constructor(ports: OutputPorts, logger: Logger) {
    this.#ports = ports;
    this.#logger = logger;
  }

  /** The client offers a port; the first offer counts. */
  offer(name: string): void {
    this.#offered ??= name;
  }

  /** Whether the client is to be asked to connect. True once at most. */
  shallBeAskedFor(): boolean {
    if (this.#isWanted || this.#offered === undefined) return false;
    this.#isWanted = this.#ports.find(this.#offered) !== undefined;
    return this.#isWanted;
  }

  /**
   * The client says that it is there: from the moment on at which its token has been found, the road is open. If that never
   * happens it stays closed, and output goes on coming by messages.
   *
   * @returns false for what a client must not say
   */
  ready({ token, stdout, stderr }: PortReady, signal: AbortSignal): boolean {
    if (!this.#isWanted || this.#numbers !== undefined || this.#offered === undefined) return false;
    if (token.length !== tokenBytes || stdout === stderr) return false;
    this.#numbers = { stdout, stderr };
    const limits = AbortSignal.any([signal, AbortSignal.timeout(joinTimeoutMs)]);
    this.#ports
      .find(this.#offered)
      ?.join(token, limits)
      .then(
        (session) => {
          this.#session = session;
        },
        (error: unknown) => {
          if (!signal.aborted)
            this.#logger.warn({ error, port: this.#offered }, 'port cannot be used for output');
        },
      );
    return true;
  }

  /** The road for one output, when it is open. */
  open(output: OutputName): { readonly session: PortSession; readonly number: number } | undefined {
    const { [output]: number } = this.#numbers ?? {};
    if (this.#session === undefined || number === undefined) return undefined;
    return { session: this.#session, number };
  }
}
