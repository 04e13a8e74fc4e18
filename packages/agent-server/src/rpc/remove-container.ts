// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import type { Container } from '../container/container.ts';
import { AgentError } from '../errors/agent-error.ts';
import type { Logger } from '../logging/logger.ts';
import { forgetContainer } from '../sandbox/forget-container.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Destroys within a limit; the work goes on when the limit passes. */
async function destroyWithin(container: Container, timeoutMs: number, logger: Logger): Promise<void> {
  const stop = new AbortController();
  const destroyed = container.destroy();
  const late = delay(timeoutMs, 'late' as const, { signal: stop.signal });
  late.catch(() => undefined);
  try {
    if ((await Promise.race([destroyed, late])) !== 'late') return;
  } finally {
    stop.abort();
  }
  destroyed.catch((error: unknown) =>
    logger.error({ error, 'container-id': container.id }, 'late removal failed'),
  );
  throw new AgentError(
    'timed_out',
    `ETIME: container ${container.id} was not removed within ${timeoutMs} ms`,
    {
      operand: container.id,
    },
  );
}

/**
 * Kills and removes a container, then releases its storages. After a limit that has passed, a further call finishes what is
 * left.
 */
export const removeContainer: HandlerFactory<'removeContainer'> =
  ({ components, sandbox }) =>
  async ({ containerId, timeout: timeoutSeconds }) => {
    const container = sandbox.containers.get(containerId);
    if (timeoutSeconds === 0) await container.destroy();
    else await destroyWithin(container, timeoutSeconds * 1000, components.logger);
    await forgetContainer(sandbox, container);
    return {};
  };
