// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import { createRequest, execRequest, shellOutput, type TestedAgentHarness } from '@hako/agent-server/testing';
import { inject } from 'vitest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guestAgent } from '../guest/guest-agent.ts';
import { countInGuest, type GuestFigures } from './guest-figures.ts';

const execCount = 1_000;
const callCount = 200;
const rssLimitKib = 60 * 1024;
const restLimitMs = 90_000;
const containerId = 'busy';

let harness: TestedAgentHarness;

beforeAll(async () => {
  harness = await guestAgent(inject('guestTemplate'), () => 'endurance').start();
  // The programs run beside the agent then, which saves minutes where CPUs are emulated.
  await harness.machine?.plugCpus(1);
  await harness.client.onlineCPUMem({ wait: true, nbCpus: 1, cpuOnly: true });
  await harness.client.createSandbox({});
  await harness.client.createContainer(createRequest(containerId, harness.rootfs, ['sleep', '100000']));
  await harness.client.startContainer({ containerId });
});

afterAll(async () => {
  await harness[Symbol.asyncDispose]();
});

/** Runs a program to its end, as a host does: start, read, wait. */
async function runExec(number: number): Promise<void> {
  const named = { containerId, execId: `exec-${number}` };
  await harness.client.execProcess(execRequest(containerId, named.execId, ['echo', String(number)]));
  const { data } = await harness.client.readStdout({ ...named, len: 64 });
  expect(Buffer.from(data).toString()).toBe(`${number}\n`);
  expect(await harness.client.waitProcess(named)).toEqual({ status: 0 });
}

/** Runs them with some at a time. */
async function runExecs(from: number, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => from + index).values();
  const worker = async (): Promise<void> => {
    for (const number of numbers) await runExec(number);
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

/** What must not grow. */
function held({ fds, threads, processes, cgroups, mounts, files }: GuestFigures): object {
  return { fds, threads, processes, cgroups, mounts, files };
}

/** Counts until two looks see the same: what has answered may still be closing something. */
async function countAtRest(): Promise<GuestFigures> {
  for (let before = await countInGuest(harness); ;) {
    const after = await countInGuest(harness);
    if (isDeepStrictEqual(held(before), held(after))) return after;
    before = after;
  }
}

describe('an agent in a guest that has much to do', () => {
  test(`${execCount} programs in one container leave nothing behind`, { timeout: 900_000 }, async () => {
    // The first ones load what is loaded once.
    await runExecs(0, 8);
    const before = await countAtRest();
    await runExecs(8, execCount);
    const after = await countAtRest();
    console.log(`${execCount} execs: before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
    await expect
      .poll(async () => held(await countInGuest(harness)), { timeout: 60_000, interval: 500 })
      .toEqual(held(before));
  });

  test(`${callCount} calls at a time end while the figures of one cgroup cannot be read`, async () => {
    const other = 'other';
    await harness.client.createContainer(createRequest(other, harness.rootfs, ['sleep', '100000']));
    await harness.client.startContainer({ containerId: other });
    const file = `/sys/fs/cgroup/${other}/memory.stat`;
    // Whoever opens it to read waits for a writer.
    await shellOutput(harness, `mkfifo /run/stall && mount --bind /run/stall ${file}`);
    let isStalled = true;
    const stalled = harness.client
      .statsContainer({ containerId: other })
      .catch(() => undefined)
      .finally(() => (isStalled = false));
    const calls: readonly [() => Promise<unknown>, ...(() => Promise<unknown>)[]] = [
      () => harness.client.statsContainer({ containerId }),
      () => harness.health.check({}),
      () => harness.client.getGuestDetails({ memBlockSize: true }),
      () => harness.client.listInterfaces({}),
    ];
    const startedAtMs = performance.now();
    await Promise.all(
      Array.from({ length: callCount }, (_, index) => (calls[index % calls.length] ?? calls[0])()),
    );
    const durationMs = Math.round(performance.now() - startedAtMs);
    console.log(`${callCount} calls beside a stalled one: ${durationMs} ms`);
    expect(isStalled).toBe(true);

    await shellOutput(harness, `: > /run/stall && umount -l ${file} && rm /run/stall`);
    await stalled;
    await harness.client.removeContainer({ containerId: other });
  });

  test(
    `the agent then comes to rest with at most ${rssLimitKib / 1024} MiB`,
    { timeout: 150_000 },
    async () => {
      const sizes: number[] = [];
      await expect
        .poll(
          async () => {
            const { rssKib } = await countInGuest(harness);
            sizes.push(rssKib);
            return rssKib;
          },
          // To look is work too, and the agent gives memory back when it has none.
          { interval: 12_000, timeout: restLimitMs },
        )
        .toBeLessThanOrEqual(rssLimitKib);
      console.log(`agent at rest, MiB resident: ${sizes.map((kib) => (kib / 1024).toFixed(1)).join(', ')}`);
    },
  );
});
