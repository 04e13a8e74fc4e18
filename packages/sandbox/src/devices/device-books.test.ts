// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { reconcile, type DeviceBooks } from './device-books.ts';
import { deviceBooksSchema } from './device-books-schema.ts';

const ids = { one: '1'.repeat(16), two: '2'.repeat(16), three: '3'.repeat(16) };
const name = (id: string): string => `drive-${id}`;

function disk(id: string, index: number): DeviceBooks['devices'][number] {
  const hostPath = `/disks/${id}`;
  return {
    ...{ id, kind: 'block' },
    origin: {
      type: 'node',
      info: { containerPath: '/data', type: 'b', major: -1, minor: 0, hostPath, readOnly: true },
      hostPath,
    },
    plugged: [
      {
        device: {
          ...{ kind: 'block', id: name(id), file: hostPath, driver: 'virtio-blk', format: 'raw', index },
          ...{ readOnly: true, discardUnmap: false, pmem: false },
        },
        address: { pciPath: '02/01' },
      },
    ],
  };
}

const counted: DeviceBooks['devices'][number] = {
  ...{ id: ids.three, kind: 'generic', plugged: [] },
  origin: {
    type: 'node',
    info: { containerPath: '/dev/fuse', type: 'c', major: 10, minor: 229 },
    hostPath: '/dev/fuse',
  },
};

const books: DeviceBooks = {
  devices: [disk(ids.one, 1), disk(ids.two, 2), counted],
  containers: [
    {
      containerId: 'web',
      devices: [ids.one, ids.three, ids.one],
      mounts: [{ device: ids.one, how: 'ext4 ro' }],
      volumes: ['/volumes/web'],
    },
    { containerId: 'cache', devices: [ids.one, ids.two], mounts: [], volumes: [] },
  ],
};

const both = [name(ids.one), name(ids.two)];

test('devices are counted by those who have them', () => {
  const { devices, containers, strays, unknown } = reconcile(books, ['share', ...both, 'vcpu-1']);
  expect(devices.map(({ id, referenceCount, attachCount }) => [id, referenceCount, attachCount])).toEqual([
    [ids.one, 3, 3],
    [ids.two, 1, 1],
    [ids.three, 1, 1],
  ]);
  expect(containers).toEqual(books.containers);
  expect([strays, unknown]).toEqual([[], []]);
});

test('what the owner had taken out and not yet noted is nobody’s any more', () => {
  const { devices, containers } = reconcile(books, [name(ids.two)]);
  expect(devices.map(({ id }) => id)).toEqual([ids.two, ids.three]);
  expect(containers).toMatchObject([
    { devices: [ids.three], mounts: [], volumes: ['/volumes/web'] },
    { devices: [ids.two] },
  ]);
});

test('what nobody has and what is in no book is found, and cards, CPUs and the share are left alone', () => {
  const [web] = books.containers;
  const others = ['share', 'card-0', 'vcpu-1', 'memory', 'drive-of-the-boot', `vfio-${ids.one}0`];
  const { devices, strays, unknown } = reconcile(
    { devices: books.devices, containers: web === undefined ? [] : [web] },
    [...others, ...both, name('f'.repeat(16))],
  );
  expect(strays).toEqual([ids.two]);
  expect(devices.find(({ id }) => id === ids.two)).toMatchObject({ referenceCount: 1, attachCount: 1 });
  expect(unknown).toEqual([`vfio-${ids.one}0`, name('f'.repeat(16))]);
});

test('a device that was only counted goes with those who counted it', () => {
  expect(reconcile({ devices: [counted], containers: [] }, []).devices).toEqual([]);
});

test('books are read as they were written', () => {
  expect(deviceBooksSchema.parse(JSON.parse(JSON.stringify(books)))).toEqual(books);
});

const [first] = books.devices;

test.for<{ name: string; damaged: unknown }>([
  { name: 'no books', damaged: [] },
  { name: 'a device of another kind', damaged: { ...books, devices: [{ ...first, kind: 'toaster' }] } },
  { name: 'a word too many', damaged: { ...books, devices: [{ ...first, more: 1 }] } },
  {
    name: 'a relative path',
    damaged: { ...books, devices: [{ ...first, origin: { ...first?.origin, hostPath: 'disk' } }] },
  },
  {
    name: 'no index',
    damaged: { ...books, devices: [{ ...first, plugged: [{ device: {}, address: {} }] }] },
  },
  {
    name: 'a number for an id',
    damaged: { ...books, containers: [{ containerId: 'web', devices: [1], mounts: [], volumes: [] }] },
  },
])('books with $name are not believed', ({ damaged }) => {
  expect(deviceBooksSchema.safeParse(damaged).success).toBe(false);
});
