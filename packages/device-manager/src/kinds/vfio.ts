// SPDX-License-Identifier: Apache-2.0
import { DeviceManagerError } from '../device-manager-error.ts';
import type { VfioDevice } from '../pluggable-device.ts';
import { readVfioDevices } from '../vfio/vfio-facts.ts';
import type { DeviceRecord, KindContext } from './kind-context.ts';

/**
 * Describes all devices behind a VFIO node, taking a port for each PCIe device.
 *
 * @throws DeviceManagerError `invalid_device` when no port kind is given, or nothing is behind the node.
 */
export async function describeVfio(
  { id, info, hostPath }: DeviceRecord,
  context: KindContext,
): Promise<VfioDevice[]> {
  const { port } = info;
  if (port === undefined) {
    throw new DeviceManagerError('invalid_device', `${hostPath} has no kind of port to be plugged into`, {
      device: hostPath,
    });
  }
  const facts = await readVfioDevices(hostPath, info, context.roots);
  return facts.map((fact, index) => ({
    ...fact,
    kind: 'vfio',
    id: `vfio-${id}${index}`,
    hostPath,
    port,
    ...(fact.isPcie ? { bus: context.ports.take(port, fact.numaNode) } : {}),
  }));
}
