// SPDX-License-Identifier: Apache-2.0
import type { DriverProcess } from '../driver-process.ts';
import type { CallSpec, JsonMessage, Outcome } from '../driver-protocol.ts';
import { statusName } from '../peer/status-code.ts';
import type { Implementation } from '../programs/program.ts';
import type { ServerProcess } from '../server-process.ts';

/** How a call ended, in the terms of the cases. */
export interface Ending {
  readonly replies: readonly JsonMessage[];
  /** A status name; `closed`: the connection was lost; `abandoned`: the caller gave up; else the library's own words. */
  readonly end: string;
  readonly message: string;
  readonly details: readonly { readonly typeUrl: string; readonly value: string }[];
}

/** A call under way in a case. */
export interface SessionCall {
  readonly ending: Promise<Ending>;
  cancel(): void;
}

/** The processes a session plays in. */
export interface SessionParts {
  readonly driver: DriverProcess;
  readonly server: ServerProcess;
  readonly serverImplementation: Implementation;
  /** Sets this session's connections and watched calls apart from those of others. */
  readonly name: string;
}

/** One client and one server for the time of one case. */
export class Session {
  readonly #parts: SessionParts;
  readonly #connections = new Set<string>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Label for the call that the case watches. */
  get label(): string {
    return this.#parts.name;
  }

  get server(): ServerProcess {
    return this.#parts.server;
  }

  get serverImplementation(): Implementation {
    return this.#parts.serverImplementation;
  }

  start(call: CallSpec, connection = 'main'): SessionCall {
    const pending = this.#parts.driver.call(this.#qualified(connection), call);
    return { ending: pending.outcome.then(endingOf), cancel: () => pending.cancel() };
  }

  call(call: CallSpec, connection?: string): Promise<Ending> {
    return this.start(call, connection).ending;
  }

  /** How an ordinary call ends now: whether the connection is still good. */
  async probe(connection?: string): Promise<string> {
    return (await this.call({ method: 'Echo', send: [{ text: 'probe' }] }, connection)).end;
  }

  async close(connection = 'main'): Promise<void> {
    await this.#parts.driver.close(this.#qualified(connection));
    this.#connections.delete(connection);
  }

  /** Starts a call that the server holds, and waits until its handler runs. */
  async hold(call: Partial<CallSpec> = {}): Promise<SessionCall> {
    const held = this.start({ method: 'Hold', send: [{ label: this.label }], ...call });
    await this.call({ method: 'AwaitStart', send: [{ label: this.label }] }, 'side');
    return held;
  }

  release(): void {
    this.server.release(this.label);
  }

  /** Waits for the end of the watched handler; returns whether it was told to stop. */
  async handlerAbandoned(): Promise<boolean> {
    const { replies } = await this.call({ method: 'AwaitEnd', send: [{ label: this.label }] }, 'side');
    return replies[0]?.['abandoned'] === true;
  }

  /** Closes the connections the case has left open. */
  async end(): Promise<void> {
    for (const connection of this.#connections) await this.close(connection);
  }

  #qualified(connection: string): string {
    this.#connections.add(connection);
    return `${this.#parts.name}/${connection}`;
  }
}

function endingOf({ replies = [], status, closed, abandoned, local }: Outcome): Ending {
  const none = { replies, message: '', details: [] };
  if (status !== undefined) {
    const { message, details } = status;
    return { replies, end: statusName(status.code), message, details };
  }
  if (closed === true) return { ...none, end: 'closed' };
  if (abandoned === true) return { ...none, end: 'abandoned' };
  return { ...none, end: local ?? 'no end was reported' };
}
