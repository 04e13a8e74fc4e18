// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkWorkingDirectory } from './working-directory.ts';

let rootfs = '';
beforeEach(async () => {
  rootfs = await mkdtemp(join(tmpdir(), 'hako-cwd-'));
  await mkdir(join(rootfs, 'srv/www'), { recursive: true });
  const links: Record<string, string> = {
    web: '/srv/www',
    up: '../../../../srv',
    out: '/proc/self/fd/7',
    slow: 'web/../../proc/self',
    loop: 'loop',
    other: '/proc/1/task/1/root',
  };
  for (const [name, target] of Object.entries(links)) await symlink(target, join(rootfs, name));
});
afterEach(async () => {
  await rm(rootfs, { recursive: true });
});

test.each([
  '/',
  '/srv/www',
  '/srv/',
  '/web',
  '/up/www',
  '/not/there',
  '/proc',
  '/proc/sys/net',
  '//srv/./www',
])('the working directory %s is in the container', (cwd) => {
  expect(() => checkWorkingDirectory(cwd, rootfs)).not.toThrow();
});

test.each([
  { cwd: '', text: 'not absolute' },
  { cwd: 'srv', text: 'not absolute' },
  { cwd: '/srv/../../etc', text: 'leads upwards' },
  { cwd: '/proc/self/fd/7', text: 'leads out' },
  { cwd: '/proc//./self/fd/7/../..', text: 'leads upwards' },
  { cwd: '/proc//self/./fd/7', text: 'leads out' },
  { cwd: '/proc/1/root', text: 'leads out' },
  { cwd: '/proc/thread-self/cwd', text: 'leads out' },
  { cwd: '/out', text: 'leads out' },
  { cwd: '/slow/fd/7', text: 'leads out' },
  { cwd: '/other/etc', text: 'leads out' },
  { cwd: '/loop', text: 'too many links' },
])('the working directory $cwd is refused', ({ cwd, text }) => {
  expect(() => checkWorkingDirectory(cwd, rootfs)).toThrow(
    expect.objectContaining({ code: 'invalid_spec', message: expect.stringContaining(text) as unknown }),
  );
});
