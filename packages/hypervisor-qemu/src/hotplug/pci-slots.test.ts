// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { PciSlots } from './pci-slots.ts';

test('each port has one place, whatever came and went before, and none for other devices [proves root ports, switch ports]', () => {
  const slots = new PciSlots('bridge', { root: 2, switch: 1 });
  const first = slots.take('root-port');
  expect([first, slots.take('root-port'), slots.take('switch-port')]).toEqual([
    { bus: 'rp0', addr: '00', pciPath: '1d/00' },
    { bus: 'rp1', addr: '00', pciPath: '1c/00' },
    { bus: 'swdp0', addr: '00', pciPath: '1e/00/00/00' },
  ]);
  for (const port of ['root-port', 'switch-port'] as const)
    expect(() => slots.take(port)).toThrow(expect.objectContaining({ code: 'no_free_slot' }));
  slots.release(first);
  expect(slots.take('root-port')).toBe(first);
  expect(slots.take().bus).toBe('pci-bridge-0');
});

test('a machine without ports gives none, and says what to do', () => {
  expect(() => new PciSlots('bridge').take('root-port')).toThrow(
    expect.objectContaining({ code: 'no_free_slot', remedy: 'give the machine more ports' }),
  );
});

test('an arm64 machine has the same root ports for host devices as for others', () => {
  const slots = new PciSlots('ports');
  expect([slots.take(), slots.take('root-port')].map(({ bus }) => bus)).toEqual(['rp0', 'rp1']);
});

test.each(['1c/00', '1e/00/01/00', '02/05'])('the place %s is taken up by an adopter, once', (pciPath) => {
  const slots = new PciSlots('bridge', { root: 2, switch: 2 });
  expect(slots.takeAt(pciPath).pciPath).toBe(pciPath);
  expect(() => slots.takeAt(pciPath)).toThrow(expect.objectContaining({ code: 'no_free_slot' }));
});
