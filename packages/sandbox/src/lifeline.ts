// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';

import { isConnectionLoss } from './agent-failure.ts';
import { throwIfAborted, withDeadline, type WaitOptions } from './deadline.ts';
import { describeError, SandboxError } from './sandbox-error.ts';

/** A dying virtual machine closes its agent's connection a moment before its own end is known. */
const explanationWaitMs = 1_500;

/**
 * Ties pending work to the life of the virtual machine: when the machine is lost, everything that waits on it ends at
 * once with the reason.
 */
export class Lifeline {
  readonly #loss = Promise.withResolvers<SandboxError>();
  readonly #pending = new Set<(reason: SandboxError) => void>();
  #reason: SandboxError | undefined;

  /** Settles with the reason when the machine is lost; otherwise stays pending. */
  get lost(): Promise<SandboxError> {
    return this.#loss.promise;
  }

  /** Whether the machine is lost. */
  get isLost(): boolean {
    return this.#reason !== undefined;
  }

  /**
   * Declares the machine lost; the first reason stays.
   * @param reason why
   */
  lose(reason: SandboxError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#loss.resolve(reason);
    for (const end of this.#pending) end(reason);
  }

  /**
   * Makes one call to the agent. Errors: `agent_failed` with the agent's words, `aborted` by the caller's signal, or
   * whatever the machine was lost by.
   * @param what the call, for messages
   * @param signal the caller's signal
   * @param call the call; receives a signal that fires for either
   */
  async call<T>(
    what: string,
    signal: AbortSignal | undefined,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    throwIfAborted(signal);
    this.#throwIfLost();
    const controller = new AbortController();
    const loss = Promise.withResolvers<never>();
    loss.promise.catch(() => undefined);
    const onLost = (reason: SandboxError): void => {
      loss.reject(reason);
      controller.abort(reason);
    };
    const onAbort = (): void => controller.abort(signal?.reason);
    this.#pending.add(onLost);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([call(controller.signal), loss.promise]);
    } catch (cause) {
      throw await this.#explain(what, signal, cause);
    } finally {
      this.#pending.delete(onLost);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /**
   * As {@link Lifeline.call}, with a limit. Error: `timeout` too.
   * @param what the call, for messages
   * @param usualMs limit in milliseconds for callers that give none
   * @param options the caller's limits
   * @param call the call; receives a signal that fires for either
   */
  callWithin<T>(
    what: string,
    usualMs: number,
    { signal, timeoutMs = usualMs }: WaitOptions,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return withDeadline(what, { timeoutMs, ...(signal && { signal }) }, (limit) =>
      this.call(what, limit, call),
    );
  }

  #throwIfLost(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }

  async #explain(what: string, signal: AbortSignal | undefined, cause: unknown): Promise<unknown> {
    if (cause instanceof SandboxError) return cause;
    if (signal?.aborted === true) return new SandboxError('aborted', `${what} aborted`, { cause });
    if (isConnectionLoss(cause)) {
      const patience = new AbortController();
      const explained = await Promise.race([
        this.lost,
        delay(explanationWaitMs, undefined, { signal: patience.signal }).catch(() => undefined),
      ]);
      patience.abort();
      if (explained !== undefined) return explained;
    }
    return new SandboxError('agent_failed', `${what} failed: ${describeError(cause)}`, { cause });
  }
}
