// SPDX-License-Identifier: Apache-2.0
import { writeAttribute } from '../devices/sysfs.ts';
import { memoryProbe } from '../system/memory-blocks.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Tells a kernel that cannot see plugged memory by itself where it is; addresses before one that fails stay told. */
export const memHotplugByProbe: HandlerFactory<'memHotplugByProbe'> =
  ({ components }) =>
  async ({ memHotplugProbeAddr }) => {
    const probe = memoryProbe(components.devices.tree.sysDir);
    for (const address of memHotplugProbeAddr) {
      await writeAttribute(probe, `0x${address.toString(16).toUpperCase()}`);
    }
    return {};
  };
