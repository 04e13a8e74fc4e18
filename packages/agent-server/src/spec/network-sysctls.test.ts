// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { applyNetworkSysctls } from './network-sysctls.ts';

const spec = (sysctl: Record<string, string>) => ({ ociVersion: '1.1.0', linux: { sysctl } });

test('parameters of the network are set, the others are left to the runtime', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hako-'));
  try {
    await mkdir(join(directory, 'net/ipv4'), { recursive: true });
    await writeFile(join(directory, 'net/ipv4/ip_forward'), '0');
    const given = spec({ 'net.ipv4.ip_forward': '1', 'net.ipv4.nothing': '1', 'kernel.sem': '2' });
    expect(await applyNetworkSysctls(given, directory)).toEqual(spec({ 'kernel.sem': '2' }));
    expect(await readFile(join(directory, 'net/ipv4/ip_forward'), 'utf8')).toBe('1');
    await expect(applyNetworkSysctls(spec({ 'net.ipv4': '1' }), directory)).rejects.toMatchObject({
      code: 'invalid_spec',
    });
  } finally {
    await rm(directory, { recursive: true });
  }
});

test.for(['net./../x', 'net.a/b', 'net.', 'net..'])('the name %s is refused', async (key) => {
  await expect(applyNetworkSysctls(spec({ [key]: '1' }), '/nowhere')).rejects.toMatchObject({
    code: 'invalid_spec',
  });
});

test('a specification without them stays as it is', async () => {
  const plain = spec({ 'kernel.sem': '1' });
  expect(await applyNetworkSysctls(plain, '/nowhere')).toBe(plain);
});
