// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';
import type { HandlerFactory } from './rpc-context.ts';

const maxSlot = 31;

/** The form of a PCI path that devices are looked up by: two hexadecimal digits per slot. */
function pciPathText(slots: readonly number[]): string {
  const bad = slots.find((slot) => slot > maxSlot);
  if (bad !== undefined) throw new AgentError('invalid_request', `PCI slot ${bad} is more than ${maxSlot}`);
  if (slots.length === 0) throw new AgentError('invalid_request', 'the PCI path is empty');
  return slots.map((slot) => slot.toString(16).padStart(2, '0')).join('/');
}

/** Uses a disk that mkswap has prepared as swap, once it has been plugged in. */
export const addSwap: HandlerFactory<'addSwap'> =
  ({ components }) =>
  async ({ PCIPath: slots }, { signal }) => {
    const { devices, system } = components;
    const path = pciPathText(slots);
    system.enableSwap(await devices.waitForBlockDevice({ kind: 'pci', path }, { signal }));
    return {};
  };
