// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemError } from '../testing/memory-pipe.ts';
import { enableControllers } from './enable-controllers.ts';
import { guestMounts, mountGuestFilesystems } from './guest-mounts.ts';
import { hostnameOf } from './prepare-guest.ts';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Mount points that exist everywhere, so that the test makes no directories. */
const mounts = guestMounts.map((request) => ({ ...request, target: tmpdir() }));

test('a guest gets its file systems, each below one that is there already', () => {
  const targets = guestMounts.map(({ target }) => target);
  expect(targets).toEqual([
    '/proc',
    '/sys',
    '/dev',
    '/dev/shm',
    '/dev/pts',
    '/run',
    '/tmp',
    '/sys/fs/cgroup',
  ]);
});

test('what is mounted already does not stop the others', () => {
  const seen: string[] = [];
  const mount = ({ source }: { source: string }) => {
    seen.push(source);
    throw systemError('EBUSY', 'mounted');
  };
  mountGuestFilesystems({ mount }, mounts);
  expect(seen).toHaveLength(mounts.length);
});

test('a file system that is optional may be missing, another may not', () => {
  const failing = (fstype: string) => ({
    mount: (request: { fstype?: string }) => {
      if (request.fstype === fstype) throw systemError('ENODEV', 'no such file system');
    },
  });
  mountGuestFilesystems(failing('devtmpfs'), mounts);
  expect(() => mountGuestFilesystems(failing('cgroup2'), mounts)).toThrow('no such file system');
});

test('all cgroup controllers are enabled for the groups below', async () => {
  const root = await mkdtemp(join(tmpdir(), 'hako-init-'));
  try {
    await writeFile(join(root, 'cgroup.controllers'), 'cpu io memory pids\n');
    enableControllers(root, silent);
    expect(await readFile(join(root, 'cgroup.subtree_control'), 'utf8')).toBe('+cpu +io +memory +pids');
  } finally {
    await rm(root, { recursive: true });
  }
});

test.each([
  ['web\n', 'web'],
  ['  web extra\n', 'web'],
  ['\n', 'localhost'],
  ['', 'localhost'],
])('the host name in %j is %s', (text, name) => {
  expect(hostnameOf(text)).toBe(name);
});
