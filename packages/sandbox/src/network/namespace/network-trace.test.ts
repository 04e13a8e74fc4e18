// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { FakeNamespace } from '../../testing/fake-namespace.ts';
import { temporaryDirectory } from '../../testing/temporary-directory.ts';
import { traceFile } from '../leftover-network.ts';
import { followTrace, NetworkTrace } from './network-trace.ts';

const cookie = '0102';
const cardWith = (change: object) => [{ id: 'net0', link: 'eth0', mac: '', changes: [change] }];
const macvtap = {
  ...{ kind: 'macvtap', link: 'eth0', tap: 'tap0_hako', index: 9000, files: 'net0', neighbours: [] },
  ...{ mac: '02:00:00:00:00:0a', privateMac: '02:00:00:00:00:0b' },
};
const namespacePath = '/proc/self/ns/uts';

/** A trace of one change that would be taken back, unless it says something else. */
function traceOf(more: object): string {
  const cards = cardWith({ kind: 'mirror', link: 'eth0' });
  return JSON.stringify({ ...{ namespacePath, cookie, cards, nextCard: 1, withheld: [] }, ...more });
}

test('what a dead owner left is removed, and what is not its own stays', async () => {
  await using directory = await temporaryDirectory();
  const trace = new NetworkTrace(directory.path, { namespacePath, cookie });
  await trace.addCard({ id: 'net0', link: 'eth0', mac: '' });
  for (const link of ['mine', 'bare', 'other', 'both', 'none'])
    await trace.addChange('net0', { kind: 'mirror', link });
  await trace.addCard({ id: 'net1', link: 'eth1', mac: '' });
  for (const device of ['slow', 'theirs']) await trace.addChange('net1', { kind: 'queue', device });
  const gone = { kind: 'mirror', link: 'gone' } as const;
  await trace.addChange('net1', gone);
  await trace.takeBack('net1', gone, () => Promise.resolve('[]'));
  const namespace = new FakeNamespace();
  namespace.ingress.set('mine', [cookie]);
  namespace.ingress.set('bare', []);
  namespace.ingress.set('other', ['0304']);
  namespace.ingress.set('both', [cookie, undefined]);
  namespace.queues.set('slow', '102:').set('theirs', '1:');
  const text = await readFile(join(directory.path, traceFile), 'utf8');
  await followTrace(text, directory.path, () => namespace.run);
  expect([...namespace.ingress.keys()]).toEqual(['other', 'both']);
  expect([...namespace.queues.keys()]).toEqual(['theirs']);
  await followTrace(text, directory.path, () => namespace.run);
  expect(namespace.changes).toEqual([
    'tc qdisc del dev slow root',
    'tc qdisc del dev bare ingress',
    'tc qdisc del dev mine ingress',
  ]);
});

test.each([
  'no json',
  '{}',
  traceOf({ cookie: 'x' }),
  traceOf({ cards: cardWith({ kind: 'vfio', pciAddress: '../../../etc' }) }),
  traceOf({ cards: cardWith({ ...macvtap, files: '../../etc/passwd' }) }),
  traceOf({ namespacePath: '/nonexistent' }),
  traceOf({ namespacePath: '/etc/hostname' }),
])('nothing is run for %s', async (text) => {
  await followTrace(text, '/nonexistent', () => () => Promise.reject(new Error('was run')));
});

test('a failure is told, so that the trace is kept', async () => {
  await expect(
    followTrace(traceOf({}), '/nonexistent', () => () => Promise.reject(new Error('refused'))),
  ).rejects.toThrow('refused');
});
