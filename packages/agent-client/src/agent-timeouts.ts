// SPDX-License-Identifier: Apache-2.0
import { AgentClientError } from './agent-client-error.ts';

/** Deadlines in milliseconds; `Infinity` means none. The defaults are those of upstream's runtime. */
export interface AgentTimeouts {
  /** Until a connection exists, over all attempts. Default 30 s. */
  readonly dialMs: number;
  /** `Check`. Default 30 s. */
  readonly checkMs: number;
  /** `CreateContainer`. Default 60 s. */
  readonly createContainerMs: number;
  /** Every other call that has a deadline. Default 60 s. */
  readonly requestMs: number;
}

const defaults: AgentTimeouts = {
  dialMs: 30_000,
  checkMs: 30_000,
  createContainerMs: 60_000,
  requestMs: 60_000,
};

/**
 * Calls that wait for something to happen in the guest, and therefore have no deadline.
 *
 * Source: Kata Containers' runtime, which leaves the first four to the context of the caller or the sandbox.
 */
const unlimited: ReadonlySet<string> = new Set([
  'WaitProcessRequest',
  'GetOOMEventRequest',
  'ReadStdoutRequest',
  'ReadStderrRequest',
  'AttachRequest',
]);

/** Completes and checks timeouts. Throws `invalid_request` unless each is above 0: a forgotten 0 would fail every call. */
export function resolveTimeouts(given: Partial<AgentTimeouts>): AgentTimeouts {
  const timeouts = { ...defaults, ...given };
  for (const [name, value] of Object.entries(timeouts)) {
    if (!(value > 0)) throw new AgentClientError('invalid_request', `${name} must be above 0, not ${value}`);
  }
  return timeouts;
}

/** Milliseconds that a call may take; `undefined` when it has no deadline. */
export function deadlineOf(request: string, timeouts: AgentTimeouts): number | undefined {
  if (unlimited.has(request)) return undefined;
  const timeoutMs =
    request === 'CheckRequest'
      ? timeouts.checkMs
      : request === 'CreateContainerRequest'
        ? timeouts.createContainerMs
        : timeouts.requestMs;
  return Number.isFinite(timeoutMs) ? timeoutMs : undefined;
}
