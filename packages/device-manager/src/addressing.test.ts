// SPDX-License-Identifier: Apache-2.0
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseBlockDriver } from './block-driver.ts';
import { BlockIndexes } from './block-indexes.ts';
import { driveName } from './drive-name.ts';
import { formatPciPath, pciPathSlots } from './pci-path.ts';
import { PciePorts } from './pcie-ports.ts';

const invalid = (code: string): unknown => expect.objectContaining({ code });

describe('drive names', () => {
  test.each([
    [0, 'vda'],
    [25, 'vdz'],
    [26, 'vdaa'],
    [701, 'vdzz'],
    [702, 'vdaaa'],
  ])('index %s is %s', (index, name) => {
    expect(driveName(index)).toBe(name);
  });

  test.each([-1, 0.5, Number.NaN])('index %s is refused', (index) => {
    expect(() => driveName(index)).toThrow(RangeError);
  });

  test('are all different', () => {
    const names = Array.from({ length: 65_535 }, (_, index) => driveName(index));
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('PCI paths', () => {
  test('are written as two hexadecimal digits per slot and read back as numbers', () => {
    expect(formatPciPath([2, 31])).toBe('02/1f');
    expect(pciPathSlots('02/1f')).toEqual([2, 31]);
  });

  test.each([[[]], [[32]], [[-1]], [[1.5]]])('slots %j are refused', (slots) => {
    expect(() => formatPciPath(slots)).toThrow(invalid('invalid_device'));
  });

  test.each(['', '2', '02/', '0G', '20', '02/1F', '02//03'])('text %j is refused', (text) => {
    expect(() => pciPathSlots(text)).toThrow(invalid('invalid_device'));
  });

  test('of any slots survive the way through text', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 31 }), { minLength: 1, maxLength: 5 }), (slots) => {
        expect(pciPathSlots(formatPciPath(slots))).toEqual(slots);
      }),
    );
  });
});

describe('block indexes', () => {
  test('are given from the lowest, around reserved ones, and again after release', () => {
    const indexes = new BlockIndexes([0, 2]);
    expect([indexes.take(), indexes.take(), indexes.take()]).toEqual([1, 3, 4]);
    indexes.release(3);
    expect([indexes.take(), indexes.take()]).toEqual([3, 5]);
  });

  test('run out after 65535', () => {
    const indexes = new BlockIndexes();
    for (let count = 0; count < 65_535; count += 1) indexes.take();
    expect(() => indexes.take()).toThrow(invalid('block_index_exhausted'));
  });

  test.each([-1, 65_535, 0.5])('%s cannot be restored', (index) => {
    expect(() => new BlockIndexes().restore(index)).toThrow(invalid('invalid_state'));
  });

  test('in use cannot be restored', () => {
    const indexes = new BlockIndexes();
    indexes.take();
    expect(() => indexes.restore(0)).toThrow(invalid('invalid_state'));
  });
});

describe('PCIe ports', () => {
  test('have a numbering per kind, and a freed port is given again', () => {
    const ports = new PciePorts();
    expect([ports.take('root-port'), ports.take('switch-port'), ports.take('bridge-port')]).toEqual([
      'rp0',
      'swdp0',
      'bp0',
    ]);
    expect(ports.take('root-port')).toBe('rp1');
    ports.release('rp0');
    expect([ports.take('root-port'), ports.take('root-port')]).toEqual(['rp0', 'rp2']);
  });

  test('follow the NUMA node of the device where the guest has that node', () => {
    const ports = new PciePorts([{ hostNode: 1, guestNode: 0 }]);
    expect([ports.take('root-port', 1), ports.take('root-port', 1)]).toEqual(['rp-numa0-0', 'rp-numa0-1']);
    expect([ports.take('root-port', 0), ports.take('root-port', -1)]).toEqual(['rp0', 'rp1']);
  });
});

test('the driver virtio-blk-pci is virtio-blk, and unknown ones are refused', () => {
  expect(parseBlockDriver('virtio-blk-pci')).toBe('virtio-blk');
  expect(() => parseBlockDriver('ide')).toThrow(invalid('invalid_device'));
});
