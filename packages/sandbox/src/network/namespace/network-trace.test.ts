// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { FakeNamespace } from '../../testing/fake-namespace.ts';
import { temporaryDirectory } from '../../testing/temporary-directory.ts';
import { traceFile } from '../leftover-network.ts';
import { followTrace, writeTrace } from './network-trace.ts';

const cookie = '0102';
const namespacePath = '/proc/self/ns/uts';

test('what a dead owner left is removed, and what is not its own stays', async () => {
  await using directory = await temporaryDirectory();
  await writeTrace(directory.path, {
    namespacePath,
    cookie,
    links: ['mine', 'bare', 'other', 'both', 'none'],
  });
  const namespace = new FakeNamespace();
  namespace.ingress.set('mine', [cookie]);
  namespace.ingress.set('bare', []);
  namespace.ingress.set('other', ['0304']);
  namespace.ingress.set('both', [cookie, undefined]);
  const text = await readFile(join(directory.path, traceFile), 'utf8');
  await followTrace(text, () => namespace.run);
  expect([...namespace.ingress.keys()]).toEqual(['other', 'both']);
  await followTrace(text, () => namespace.run);
  expect(namespace.changes).toEqual(['tc qdisc del dev mine ingress', 'tc qdisc del dev bare ingress']);
});

test.each([
  'no json',
  '{}',
  JSON.stringify({ namespacePath, cookie: 'x', links: ['eth0'] }),
  JSON.stringify({ namespacePath: '/nonexistent', cookie, links: ['eth0'] }),
  JSON.stringify({ namespacePath: '/etc/hostname', cookie, links: ['eth0'] }),
])('nothing is run for %s', async (text) => {
  await followTrace(text, () => () => Promise.reject(new Error('was run')));
});

test('a failure is told, so that the trace is kept', async () => {
  const text = JSON.stringify({ namespacePath, cookie, links: ['eth0'] });
  await expect(followTrace(text, () => () => Promise.reject(new Error('refused')))).rejects.toThrow(
    'refused',
  );
});
