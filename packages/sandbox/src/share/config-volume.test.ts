// SPDX-License-Identifier: Apache-2.0
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { ConfigVolumeFolder } from '../testing/config-volume-folder.ts';
import { CopiedFiles } from '../testing/copied-files.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { volumeVersion } from './config-volume.ts';
import { CopyShare } from './copy-share.ts';

const { signal } = new AbortController();

/** A volume with the keys of the map, copied into a guest. */
async function copied(keys: Readonly<Record<string, string>>) {
  const directory = await temporaryDirectory();
  const path = join(directory.path, 'volume');
  await mkdir(path);
  const volume = new ConfigVolumeFolder(path);
  await volume.publish(keys);
  const guest = new CopiedFiles();
  const warnings: string[] = [];
  const share = new CopyShare({ logger: { warn: (_, message) => void warnings.push(message) } });
  share.connect(guest);
  await share.add([{ name: 'v', source: path, readOnly: true }], signal);
  return {
    ...{ volume, path, guest, share, warnings },
    async [Symbol.asyncDispose]() {
      await share.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

test.for([
  { target: '..2026_11_21_09_44_14.123456789', isVersion: true },
  { target: '..2026_11_21_09_44_14', isVersion: false },
  { target: '../..2026_11_21_09_44_14.1', isVersion: false },
  { target: '/etc', isVersion: false },
  { target: '..', isVersion: false },
])('a link ..data to $target names a version: $isVersion', async ({ target, isVersion }) => {
  await using directory = await temporaryDirectory();
  expect(await volumeVersion(directory.path)).toBeUndefined();
  await symlink(target, join(directory.path, '..data'));
  expect(await volumeVersion(directory.path)).toBe(isVersion ? target : undefined);
});

test('changed and new keys reach the guest, and keys that go stay there [proves share none, mount copied]', async () => {
  await using at = await copied({ mode: 'calm', old: 'stays' });
  expect(at.guest.read('v/mode')).toBe('calm');
  await at.volume.publish({ mode: 'brisk', more: 'new' });
  await expect.poll(() => at.guest.files.has('v/more')).toBe(true);
  expect([at.guest.read('v/mode'), at.guest.read('v/more')]).toEqual(['brisk', 'new']);
  expect(at.guest.files.get('v/old')).toMatchObject({ kind: 'link', content: '..data/old' });
});

test('a version is whole before the guest is led to it', async () => {
  await using at = await copied({ a: '1', b: '1' });
  const before = at.guest.order.length;
  await at.volume.publish({ a: '2', b: '2', c: '2' });
  await expect.poll(() => at.guest.files.has('v/c')).toBe(true);
  const order = at.guest.order.slice(before);
  const version = await volumeVersion(at.path);
  expect(order.indexOf('v/..data')).toBeGreaterThan(order.lastIndexOf(`v/${version}/c`));
  expect(order.lastIndexOf(`v/${version}/b`)).toBeLessThan(order.indexOf('v/..data'));
  expect(order.indexOf('v/c')).toBeGreaterThan(order.indexOf('v/..data'));
});

test('of many changes at once the last one reaches the guest', async () => {
  await using at = await copied({ n: '0' });
  const versions = new Set<string>();
  const copying = Promise.withResolvers<undefined>();
  const published = Promise.withResolvers<undefined>();
  at.guest.before = async (path) => {
    const [, version = ''] = path.split('/');
    if (!version.startsWith('..2')) return;
    versions.add(version);
    copying.resolve(undefined);
    await published.promise;
  };
  await at.volume.publish({ n: '1' });
  await copying.promise;
  // The guest takes its time with the first one.
  for (let count = 2; count <= 20; count += 1) await at.volume.publish({ n: String(count) });
  published.resolve(undefined);
  await expect.poll(() => at.guest.read('v/n')).toBe('20');
  expect(versions.size).toBe(2);
});

test('a change that the guest refuses is told, and the next one is tried again', async () => {
  await using at = await copied({ n: '0' });
  at.guest.before = () => {
    throw new Error('no space left on device');
  };
  await at.volume.publish({ n: '1' });
  // One change may be seen in several steps, each of which is tried.
  await expect.poll(() => at.warnings.length).toBeGreaterThan(0);
  at.guest.before = () => undefined;
  await at.volume.publish({ n: '2' });
  await expect.poll(() => at.guest.read('v/n')).toBe('2');
});

test('a change during the first copying is not lost', async () => {
  await using directory = await temporaryDirectory();
  const volume = new ConfigVolumeFolder(directory.path);
  await volume.publish({ n: '0' });
  const guest = new CopiedFiles();
  guest.before = async (path) => {
    if (path !== 'v/n') return;
    guest.before = () => undefined;
    await volume.publish({ n: '1' });
  };
  const share = new CopyShare({ logger: { warn: () => undefined } });
  share.connect(guest);
  await share.add([{ name: 'v', source: directory.path, readOnly: true }], signal);
  await expect.poll(() => guest.read('v/n')).toBe('1');
  await share.close();
});

test('nothing is copied after the volume was removed or the share closed, nor of other directories', async () => {
  await using at = await copied({ n: '0' });
  const plain = join(at.path, '../plain');
  await mkdir(plain);
  await writeFile(join(plain, 'file'), '0');
  await at.share.add([{ name: 'plain', source: plain, readOnly: true }], signal);
  await at.share.remove(['v']);
  const before = at.guest.order.length;
  await at.volume.publish({ n: '1' });
  await writeFile(join(plain, 'file'), '1');
  // Another volume's change, made later, is there: so these would be.
  const other = join(at.path, '../other');
  await mkdir(other);
  const watched = new ConfigVolumeFolder(other);
  await watched.publish({ n: '0' });
  await at.share.add([{ name: 'w', source: other, readOnly: true }], signal);
  await watched.publish({ n: '1' });
  await expect.poll(() => at.guest.read('w/n')).toBe('1');
  expect(at.guest.order.slice(before).filter((path) => !path.startsWith('w'))).toEqual([]);
});

test('a volume that is taken away whole is no failure', async () => {
  await using at = await copied({ n: '0' });
  await rename(at.path, `${at.path}-moved`);
  await rm(`${at.path}-moved`, { recursive: true });
  expect(at.guest.read('v/n')).toBe('0');
  expect(at.warnings).toEqual([]);
});
