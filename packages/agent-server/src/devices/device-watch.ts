// SPDX-License-Identifier: Apache-2.0
import type { UeventSocket, UeventSocketOptions } from '@hako/linux';
import { AgentError } from '../errors/agent-error.ts';
import type { Logger } from '../logging/logger.ts';
import type { DeviceQuery, DeviceTree, DeviceWait } from './device-query.ts';
import type { DriverLoader } from './missing-drivers.ts';

/** Subscribes to the kernel's device events. */
export type UeventSource = (options: UeventSocketOptions) => UeventSocket;

/** What a {@link DeviceWatch} works with. */
export interface DeviceWatchComponents {
  readonly tree: DeviceTree;
  readonly openUevents: UeventSource;
  /** Asked when a device is not there: it may lack its driver. */
  readonly loadDrivers: DriverLoader;
  readonly logger: Logger;
  /** Limit of a wait that names none. */
  readonly timeoutMs: number;
}

/** Waits for devices. */
export interface DeviceWatch {
  /**
   * Waits until a device is there. It subscribes to events first and looks then, so that none is missed: an event is only a
   * reason to look again, sysfs says what is there.
   *
   * @throws AgentError `timed_out`, `device_failed` when too many wait; the signal's reason; what the query throws
   */
  wait: <Found>(query: DeviceQuery<Found>, options?: DeviceWait) => Promise<Found>;
}

/** More waits than this at a time are refused. */
const maxWaits = 256;

interface Waiting {
  readonly subsystems: readonly string[];
  /** Makes it look again. */
  wake: () => void;
}

/** A {@link DeviceWatch}. It listens only while somebody waits. */
export function createDeviceWatch(components: DeviceWatchComponents): DeviceWatch {
  const { tree, openUevents, loadDrivers, logger } = components;
  const waits = new Set<Waiting>();
  let socket: UeventSocket | undefined;

  function wake(subsystem?: string): void {
    for (const waiting of waits) {
      if (subsystem === undefined || waiting.subsystems.includes(subsystem)) waiting.wake();
    }
  }

  async function follow(events: UeventSocket): Promise<void> {
    try {
      for await (const { properties } of events) {
        // A new device that may want a driver is a matter for all.
        wake(properties.has('MODALIAS') ? undefined : (properties.get('SUBSYSTEM') ?? ''));
      }
    } catch (error) {
      logger.warn({ error }, 'device events could not be read');
    }
  }

  function join(waiting: Waiting): void {
    waits.add(waiting);
    if (socket !== undefined) return;
    try {
      // Events the kernel had to drop may have been those that are waited for.
      socket = openUevents({ onOverflow: () => wake() });
      void follow(socket);
    } catch (error) {
      // Without the privilege for it a wait still looks at its beginning and at its end.
      logger.warn({ error }, 'device events cannot be subscribed to');
    }
  }

  function leave(waiting: Waiting): void {
    waits.delete(waiting);
    if (waits.size > 0) return;
    socket?.close();
    socket = undefined;
  }

  return {
    async wait(query, { signal, timeoutMs = components.timeoutMs } = {}) {
      signal?.throwIfAborted();
      if (waits.size >= maxWaits) {
        throw new AgentError('device_failed', `${maxWaits} waits for devices are under way`);
      }
      const waiting: Waiting = { subsystems: query.subsystems, wake: () => undefined };
      let over = false;
      const isOver = () => over;
      const end = () => {
        over = true;
        waiting.wake();
      };
      const timer = setTimeout(end, timeoutMs);
      const rescan =
        query.rescanMs === undefined ? undefined : setInterval(() => waiting.wake(), query.rescanMs);
      signal?.addEventListener('abort', end, { once: true });
      join(waiting);
      try {
        for (;;) {
          const isLast = isOver();
          const { promise: woken, resolve } = Promise.withResolvers<undefined>();
          waiting.wake = () => resolve(undefined);
          signal?.throwIfAborted();
          const found = await query.find(tree);
          if (found !== undefined) return found;
          if (query.isDriverless !== true && (await loadDrivers())) continue;
          if (isLast) break;
          if (!isOver()) await woken;
        }
      } finally {
        clearTimeout(timer);
        clearInterval(rescan);
        signal?.removeEventListener('abort', end);
        leave(waiting);
      }
      throw new AgentError('timed_out', `Timeout after ${timeoutMs} ms waiting for ${query.description}`, {
        operand: query.description,
      });
    },
  };
}
