// SPDX-License-Identifier: Apache-2.0
import { AgentClientError } from './agent-client-error.ts';

/**
 * A promise's result, unless the signal comes first; the promise itself goes on.
 *
 * @throws AgentClientError `aborted`
 */
export async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  what: string,
): Promise<T> {
  if (signal === undefined) return await promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void =>
    reject(new AgentClientError('aborted', `${what} was aborted`, { cause: signal.reason }));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
