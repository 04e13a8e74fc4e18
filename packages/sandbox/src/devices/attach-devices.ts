// SPDX-License-Identifier: Apache-2.0
import type { ContainerHost } from '../container/container-host.ts';
import { withDeadline } from '../deadline.ts';
import type { ContainerDevices, DeviceParts } from './container-devices.ts';

/**
 * Attaches the devices of a container as soon as the machine runs. Errors: those of {@link ContainerDevices.attach}, and what
 * the machine was lost by.
 * @param devices of the container
 * @param host the sandbox
 * @param signal ends the wait
 */
export async function attachDevices(
  devices: ContainerDevices,
  {
    ready,
    lifeline,
    timeline,
    devices: host,
  }: Pick<ContainerHost, 'ready' | 'lifeline' | 'timeline' | 'devices'>,
  signal: AbortSignal | undefined,
): Promise<DeviceParts> {
  if (!devices.hasAny) return devices.attach(signal ?? new AbortController().signal);
  // A machine that does not come up says so by the other.
  await withDeadline('boot', signal === undefined ? {} : { signal }, () =>
    Promise.race([host.machineRuns, ready]),
  );
  return timeline.measure('attach devices', () =>
    lifeline.call('attachment of devices', signal, (both) => devices.attach(both)),
  );
}
