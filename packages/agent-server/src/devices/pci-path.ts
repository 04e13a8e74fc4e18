// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';

/** A place on a PCI bus. */
export interface PciSlot {
  /** 0 to 31. */
  readonly slot: number;
  /** 0 to 7. */
  readonly fn: number;
}

/**
 * Where a PCI device is: the slot on the root bus, then the slot behind the bridge found there, and so on. Numbers of buses
 * are the guest's affair and not part of it.
 */
export interface PciPath {
  /** Number of the root bus; 0 unless the machine has several. */
  readonly rootBus: number;
  /** At least one. */
  readonly slots: readonly PciSlot[];
}

const maxSlot = 0x1f;
const partPattern = /^([0-9a-f]{1,2})(?:\.([0-7]))?$/i;

function refuse(text: string, why: string): never {
  throw new AgentError('invalid_request', `PCI path ${JSON.stringify(text)} ${why}`, { operand: text });
}

/**
 * Reads `<slot>[.<function>]` parts in hexadecimal, separated by slashes: `02/01`. Of three or more parts a first one from
 * 20 upwards names the root bus.
 *
 * @throws AgentError `invalid_request`
 */
export function parsePciPath(text: string): PciPath {
  if (text === '') refuse(text, 'is empty');
  const parts = text.split('/').map((part) => {
    const match = partPattern.exec(part);
    if (match === null) refuse(text, `has a part that is no slot: ${JSON.stringify(part)}`);
    return { slot: parseInt(match[1] ?? '', 16), fn: Number(match[2] ?? 0), hasFn: match[2] !== undefined };
  });
  const [first] = parts;
  const namesRoot = parts.length > 2 && first !== undefined && first.slot > maxSlot && !first.hasFn;
  const slots = (namesRoot ? parts.slice(1) : parts).map(({ slot, fn }) => ({ slot, fn }));
  if (slots.some(({ slot }) => slot > maxSlot)) refuse(text, 'has a slot above 1f');
  return { rootBus: namesRoot ? first.slot : 0, slots };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** Prints a path the way hosts write it: two digits for each slot, a function only when it is not 0. */
export function formatPciPath({ rootBus, slots }: PciPath): string {
  const parts = slots.map(({ slot, fn }) => (fn === 0 ? hex(slot, 2) : `${hex(slot, 2)}.${fn}`));
  return [...(rootBus === 0 ? [] : [hex(rootBus, 2)]), ...parts].join('/');
}

/**
 * The path of slots given as numbers, function 0 of each.
 *
 * @throws AgentError `invalid_request` for none, and for one above 31
 */
export function pciPathOfSlots(slots: readonly number[]): string {
  for (const slot of slots) {
    if (!Number.isInteger(slot) || slot < 0 || slot > maxSlot) refuse(String(slot), 'is no slot');
  }
  if (slots.length === 0) refuse('', 'is empty');
  return formatPciPath({ rootBus: 0, slots: slots.map((slot) => ({ slot, fn: 0 })) });
}
