// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  linkObstacle,
  namespaceObstacle,
  realNamespace,
  type RealNamespace,
} from '../../testing/real-namespace.ts';
import { endDetour, expectRateLimits, limitDevice, limitIngress, releaseDevice } from './limit-rate.ts';
import type { RunInNamespace } from './run-in-namespace.ts';

const { signal } = new AbortController();
const cookie = '5a3c0102';
const limit = { device: 'eth0', bitsPerSecond: 2_500_000, cookie };
const detour = { kind: 'detour', device: 'eth0', ifb: 'ifb0_hako', index: 9000 } as const;

/** Why the kernel keeps no limits; empty if it does. */
async function rateObstacle(): Promise<string> {
  const obstacle = (await namespaceObstacle()) || (await linkObstacle('type ifb'));
  if (obstacle !== '') return obstacle;
  await using namespace = await realNamespace();
  return await expectRateLimits([], namespace.run, signal).then(
    () => '',
    () => ' (skipped: the kernel has no sch_htb)',
  );
}

const obstacle = await rateObstacle();

describe.skipIf(obstacle !== '')(`limits in the kernel${obstacle}`, () => {
  let namespace: RealNamespace;
  const control = (words: string): Promise<string> => namespace.run(['tc', ...words.split(' ')]);
  const describeAll = async (): Promise<string> =>
    [
      await namespace.ip('-brief link'),
      await control('qdisc'),
      await control('filter show dev eth0 ingress'),
    ].join('');

  beforeAll(async () => {
    namespace = await realNamespace();
    await namespace.ip('link add eth0 type veth peer name other');
  });
  afterAll(() => namespace[Symbol.asyncDispose]());

  test('can be kept, or else it is said what is missing', async () => {
    await expectRateLimits(
      [{ at: 'ingress', device: 'eth0', ifb: 'ifb0_hako', bitsPerSecond: 8 }],
      namespace.run,
      signal,
    );
    expect(await namespace.ip('-brief link')).not.toContain('ifb');
    const without: RunInNamespace = (words, options) =>
      namespace.run([words[0], ...words.slice(1, -1), 'nonsense'], options);
    await expect(expectRateLimits([], without, signal)).rejects.toMatchObject({
      code: 'network_failed',
      message: expect.stringMatching(
        /^the kernel of the host cannot limit rates by sch_htb: .*unknown/,
      ) as unknown,
    });
  });

  test.each([8, 2_500_000, Number.MAX_SAFE_INTEGER])(
    'hold back what leaves by a device: %d bit/s',
    async (bitsPerSecond) => {
      const before = await describeAll();
      await limitDevice({ ...limit, bitsPerSecond }, namespace.run, signal);
      expect(JSON.parse(await control('-json qdisc show dev eth0'))).toMatchObject([
        { kind: 'htb', handle: '5a3c:', root: true, options: { default: '0x2' } },
      ]);
      const classes = await control('-raw class show dev eth0');
      expect(classes).toMatch(/^class htb 5a3c:1 root /m);
      expect(classes).toMatch(/^class htb 5a3c:2 parent 5a3c:1 /m);
      await releaseDevice('eth0', 'ffff', namespace.run);
      expect(await control('qdisc')).toContain('htb 5a3c:');
      await releaseDevice('eth0', cookie, namespace.run);
      await releaseDevice('eth0', cookie, namespace.run);
      expect(await describeAll()).toBe(before);
    },
  );

  test('hold back what comes in by a device, over another one', async () => {
    const before = await describeAll();
    await limitIngress(detour, limit, namespace.run, signal);
    expect(await control('class show dev ifb0_hako')).toMatch(/ rate 2500Kbit ceil 2500Kbit /);
    expect(await control('filter show dev eth0 ingress')).toContain('Egress Redirect to device ifb0_hako');
    await endDetour({ ...detour, index: 9001 }, 'ff', namespace.run);
    expect(await namespace.ip('-brief link')).toContain('ifb0_hako');
    await endDetour(detour, cookie, namespace.run);
    await endDetour(detour, cookie, namespace.run);
    expect(await describeAll()).toBe(before);
  });

  test.each([0, 1, 2, 3, 4, 5, 6].flatMap((step) => [true, false].map((isDone) => ({ step, isDone }))))(
    'an end of a detour at command $step, carried out: $isDone, can be taken back',
    async ({ step, isDone }) => {
      const before = await describeAll();
      let seen = 0;
      const run: RunInNamespace = async (...words) => {
        if (seen++ !== step) return namespace.run(...words);
        if (isDone) await namespace.run(...words);
        throw new Error('cut short');
      };
      await expect(limitIngress(detour, limit, run, signal)).rejects.toThrow('cut short');
      await endDetour(detour, cookie, namespace.run);
      expect(await describeAll()).toBe(before);
    },
  );
});
