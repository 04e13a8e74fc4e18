// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { type AgentHarness, startCrunAgent, whyNoContainers } from '../testing/agent-harness.ts';
import { readAll, runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { createRequest, execRequest } from '../testing/test-spec.ts';
import { refusal } from '../testing/refusal.ts';

const absent = whyNoContainers();
const title = absent === undefined ? 'a real container' : `a real container (skipped: ${absent})`;

describe.skipIf(absent !== undefined)(title, () => {
  async function outputOf(harness: AgentHarness, script: string, changes = {}): Promise<string> {
    await harness.client.execProcess(execRequest('c1', 'out', ['sh', '-c', script], changes));
    const text = await readAll(harness, { containerId: 'c1', execId: 'out' });
    await harness.client.waitProcess({ containerId: 'c1', execId: 'out' });
    return text;
  }

  test('has real pipes, which programs may open again', async () => {
    await using harness = await startCrunAgent();
    await runContainer(harness, 'c1', sleeper);
    expect(await outputOf(harness, 'readlink /proc/self/fd/1; echo again > /proc/self/fd/1')).toMatch(
      /^pipe:\[\d+\]\nagain\n$/,
    );
  });

  test.each([
    { title: 'a file without execute permission', args: ['plain'], text: 'program_not_executable' },
    { title: 'a working directory that does not exist', args: ['true'], cwd: '/no/such', text: '/no/such' },
    { title: 'a relative working directory', args: ['true'], cwd: 'tmp', text: 'not absolute' },
  ])('refuses $title', async ({ args, cwd = '/', text }) => {
    await using harness = await startCrunAgent();
    await runContainer(harness, 'c1', sleeper);
    await expect(
      harness.client.execProcess(execRequest('c1', 'e1', args, { Cwd: cwd })),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
  });

  test('finds storages of the request in its mounts', async () => {
    await using harness = await startCrunAgent();
    const { client, rootfs, paths } = harness;
    await client.createSandbox({});
    const source = join(paths.sharedDir, 'data');
    await mkdir(source, { recursive: true });
    await writeFile(join(source, 'hello'), 'from the host');
    const mountPoint = join(paths.kataDir, 'volume');
    const changes = {
      mounts: [{ destination: '/data', type: 'bind', source: mountPoint, options: ['rbind'] }],
    };
    await client.createContainer({
      ...createRequest(
        'c1',
        rootfs,
        ['sh', '-c', 'cat /data/hello; echo x > /data/new || echo refused'],
        changes,
      ),
      storages: [{ driver: 'bind', source, fstype: 'bind', mountPoint, options: ['ro'] }],
    });
    await client.startContainer({ containerId: 'c1' });
    expect(await readAll(harness, { containerId: 'c1' })).toBe('from the hostrefused\n');
    await client.removeContainer({ containerId: 'c1' });
    expect(await readFile(join(source, 'hello'), 'utf8')).toBe('from the host');
  });

  test('leaves no descriptor and no file behind after many execs', async () => {
    await using harness = await startCrunAgent();
    await runContainer(harness, 'c1', sleeper);
    const run = async (round: number) => {
      const execId = `e${round}`;
      await harness.client.execProcess(execRequest('c1', execId, ['true']));
      await harness.client.waitProcess({ containerId: 'c1', execId });
    };
    const descriptors = () => readdirSync('/proc/self/fd').length;
    await run(0);
    const before = descriptors();
    for (let round = 1; round <= 30; round += 1) await run(round);
    await expect.poll(descriptors).toBeLessThanOrEqual(before);
    await expect.poll(() => readdirSync(harness.paths.runtimeDir)).toEqual(['state']);
  });

  test('is gone, storages, namespaces and all, when the agent ends', async () => {
    // Others mount at the same time.
    const mountsBelow = (dir: string) =>
      readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(` ${dir}/`));
    let runDir: string;
    {
      await using harness = await startCrunAgent();
      runDir = dirname(harness.paths.kataDir);
      await harness.client.createSandbox({
        hostname: 'box',
        storages: [
          {
            driver: 'ephemeral',
            source: 'tmpfs',
            fstype: 'tmpfs',
            mountPoint: join(harness.paths.kataDir, 'sandbox/shm'),
            options: ['mode=1777', 'size=65536', 'nodev', 'fsgid=77'],
          },
        ],
      });
      await runContainer(harness, 'c1', sleeper);
      expect(mountsBelow(runDir).join('\n')).toMatch(/sandbox\/shm .*nodev.* - tmpfs tmpfs .*size=64k/);
    }
    expect(mountsBelow(runDir)).toEqual([]);
  });
});
