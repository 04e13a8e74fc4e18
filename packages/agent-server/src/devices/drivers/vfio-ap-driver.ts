// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { Device } from '@hako/protocols/agent';
import { AgentError } from '../../errors/agent-error.ts';
import type { DeviceContext, DeviceDriver, ResolvedDevice } from '../device-driver.ts';
import { readNode } from '../device-number.ts';
import { apQueue } from '../matchers/ap-queue.ts';
import { attribute, writeAttribute } from '../sysfs.ts';

/** What the container opens, whichever its queues are. */
const cryptNode = 'z90crypt';

async function resolveCrypt({ containerPath }: Device, { devices }: DeviceContext): Promise<ResolvedDevice> {
  const node = await readNode(join(devices.tree.devDir, cryptNode));
  return { containerPath, node: { ...node, path: join('/dev', cryptNode) } };
}

/** Queues of an adjunct processor that are being plugged into the guest. */
export const vfioApDriver: DeviceDriver = {
  type: 'vfio-ap',
  async resolve(device, context) {
    const { devices, signal } = context;
    devices.requireChannelSubsystem('an AP queue');
    const queries = device.options.map((option) => apQueue(option));
    await writeAttribute(join(devices.tree.sysDir, 'bus/ap/scans'), '1');
    for (const query of queries) await devices.wait(query, { signal });
    return await resolveCrypt(device, context);
  },
};

/**
 * Brings a queue into use. In a guest under secure execution it has to be bound first. Source:
 * drivers/s390/crypto/ap_queue.c of the kernel.
 */
async function bindQueue(dir: string, text: string): Promise<void> {
  if ((await attribute(join(dir, 'SE_bind'))) === 'unbound') await writeAttribute(join(dir, 'SE_bind'), '1');
  if ((await attribute(join(dir, 'online'))) === '1') return;
  throw new AgentError('device_failed', `AP queue ${text} is not online`, { operand: text });
}

/** Queues of an adjunct processor that the guest has had from its start. */
export const coldVfioApDriver: DeviceDriver = {
  type: 'vfio-ap-cold',
  async resolve(device, context) {
    const { devices } = context;
    devices.requireChannelSubsystem('an AP queue');
    for (const option of device.options) {
      const dir = await apQueue(option).find(devices.tree);
      if (dir === undefined)
        throw new AgentError('device_failed', `no AP queue ${option}`, { operand: option });
      await bindQueue(dir, option);
    }
    return await resolveCrypt(device, context);
  },
};
