// SPDX-License-Identifier: Apache-2.0
import { HypervisorError } from '@hako/hypervisor';
import type { QmpClient } from '../qmp/qmp-client.ts';

/** A migration's two roads: out of this QEMU, or into it. */
type MigrationCommand = 'migrate' | 'migrate-incoming';

/**
 * Streams a machine's state out or in, without its memory, which is shared and copied beside. Fulfilled when QEMU says
 * that it is done; the guest stands still then.
 *
 * `x-ignore-shared` leaves shared memory out of the stream; `events` makes QEMU say how far it is
 * (QEMU's qapi/migration.json).
 *
 * @throws HypervisorError `monitor_failed` when QEMU gives up | the signal's reason
 * @throws QmpError
 */
export async function migrate(
  monitor: QmpClient,
  command: MigrationCommand,
  uri: string,
  signal: AbortSignal,
): Promise<void> {
  const unlimited = { signal, timeoutMs: Infinity };
  const capabilities = [
    { capability: 'x-ignore-shared', state: true },
    { capability: 'events', state: true },
  ] as const;
  await monitor.execute('migrate-set-capabilities', { capabilities }, unlimited);
  using events = monitor.events(['MIGRATION'], signal);
  await monitor.execute(command, { uri }, unlimited);
  for await (const { data } of events) {
    const { status } = data;
    if (status === 'completed') return;
    if (status === 'failed' || status === 'cancelled') {
      const description = (await monitor.execute('query-migrate', {}, unlimited))['error-desc'];
      throw new HypervisorError(
        'monitor_failed',
        `${command} ${status}${description === undefined ? '' : `: ${description}`}`,
        { operand: command },
      );
    }
  }
  throw signal.reason;
}
