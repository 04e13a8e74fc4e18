// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { afterEach, describe, expect, test } from 'vitest';
import { pathExists, readText, readUntil, shellOutput, writeText } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { shareAgent } from '../testing/share-agent.ts';
import { createRequest } from '../testing/test-spec.ts';
import type { TestedAgentHarness } from '../testing/tested-agent.ts';

/** Some rounds of the agent's polling, which comes every 2 s. */
const changes = { timeout: 20_000, interval: 100 };

describe.each(testedAgents)('CreateContainer with watched files $title', ({ skip, kind, start }) => {
  const agent = shareAgent({ skip, start });
  afterEach(async () => {
    if (skip) return;
    // A test may have removed it, or not come as far.
    await agent()
      .client.removeContainer({ containerId: 'c1' })
      .catch(() => undefined);
    await shellOutput(agent(), `rm -rf ${sourceOf(agent())} ${targetOf(agent())}-report`);
  });
  const noMounts = skip || kind === 'fake';
  const sourceOf = ({ paths }: TestedAgentHarness) => `${paths.sharedDir}/c1-map`;
  const targetOf = ({ paths }: TestedAgentHarness) => `${paths.sharedDir}/watchable/c1-map`;

  /** Makes the source by a script that runs in it, and a container that watches it. */
  async function watch(
    harness: TestedAgentHarness,
    script: string,
    storage: { readonly source?: string; readonly mountPoint?: string } = {},
  ): Promise<string> {
    const [source, mountPoint] = [sourceOf(harness), targetOf(harness)];
    await harness.client.createSandbox({});
    await shellOutput(harness, `mkdir -p ${source} && cd ${source} && ${script}`);
    const watched = { driver: 'watchable-bind', source, mountPoint, fstype: 'bind', ...storage };
    const request = createRequest('c1', harness.rootfs, sleeper);
    await harness.client.createContainer({ ...request, storages: [watched] });
    return storage.mountPoint ?? mountPoint;
  }

  async function isMounted(harness: TestedAgentHarness, path: string): Promise<boolean> {
    return (await harness.shell(`grep ' ${path} ' /proc/mounts`)).exitCode === 0;
  }

  test.skipIf(skip)('copies a tree with modes and links at once', async () => {
    const harness = agent();
    const target = await watch(
      harness,
      'mkdir -m 710 sub; echo one > sub/key; chmod 640 sub/key; ln -s sub/key link',
    );
    expect(await readText(harness, `${target}/link`)).toBe('one\n');
    const lines = await shellOutput(harness, `cd ${target} && stat -c '%a %F' sub sub/key link`);
    expect(lines).toBe('710 directory\n640 regular file\n777 symbolic link\n');
    expect(await isMounted(harness, target)).toBe(false);
  });

  test.skipIf(skip)('follows changes, additions and deletions', async () => {
    const harness = agent();
    const target = await watch(
      harness,
      'echo old > changed; echo x > deleted; mkdir emptied; echo x > emptied/key',
    );
    const source = sourceOf(harness);
    await shellOutput(
      harness,
      `cd ${source} && echo new > changed && rm -r deleted emptied && echo more > added`,
    );
    await expect
      .poll(() => harness.shell(`cat ${target}/added`), changes)
      .toMatchObject({ stdout: 'more\n' });
    await expect.poll(() => shellOutput(harness, `ls ${target}`), changes).toBe('added\nchanged\n');
    // A look at the source while it changes may see one change and not another.
    await expect.poll(() => readText(harness, `${target}/changed`), changes).toBe('new\n');
  });

  test.skipIf(skip)('swaps the link of a configuration map without a gap', async () => {
    const harness = agent();
    const map = 'mkdir ..1; echo one > ..1/key; ln -s ..1 ..data; ln -s ..data/key key';
    const target = await watch(harness, map);
    const report = `${target}-report`;
    await readUntil(harness, `${target}/key`, 'two', report);
    const swap = 'mkdir ..2; echo two > ..2/key; ln -s ..2 ..next; mv -T ..next ..data; rm -r ..1';
    await shellOutput(harness, `cd ${sourceOf(harness)}; ${swap}`);
    await expect.poll(() => harness.shell(`cat ${report}`), changes).toMatchObject({ stdout: 'complete\n' });
    await expect.poll(() => pathExists(harness, `${target}/..1`), changes).toBe(false);
    expect(await shellOutput(harness, `readlink ${target}/..data`)).toBe('..2\n');
  });

  test.skipIf(skip)('writes a single file where it is', async () => {
    const harness = agent();
    const source = `${sourceOf(harness)}/key`;
    const target = await watch(harness, 'echo old > key', { source });
    const before = await shellOutput(harness, `stat -c %i ${target}`);
    await writeText(harness, source, 'n');
    await expect.poll(() => readText(harness, target), changes).toBe('n');
    expect(await shellOutput(harness, `stat -c %i ${target}`)).toBe(before);
  });

  const sixteen = 'for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do echo $n > $n; done';
  const mib = 'dd if=/dev/zero of=big bs=1024 count=1024 2> /dev/null';
  test.skipIf(skip).each([
    { title: 'sixteen entries', script: sixteen },
    { title: 'one mebibyte', script: mib },
  ])('copies $title', async ({ script }) => {
    const harness = agent();
    expect(await isMounted(harness, await watch(harness, script))).toBe(false);
  });

  test.skipIf(noMounts).each([
    { title: 'more than sixteen entries', script: `${sixteen}; echo 16 > 16` },
    { title: 'more than one mebibyte', script: `${mib}; echo 1 > key` },
  ])('binds $title', async ({ script }) => {
    const harness = agent();
    const target = await watch(harness, script);
    expect(await isMounted(harness, target)).toBe(true);
    await writeText(harness, `${sourceOf(harness)}/new`, 'at once');
    expect(await readText(harness, `${target}/new`)).toBe('at once');
    await harness.client.removeContainer({ containerId: 'c1' });
    expect(await pathExists(harness, target)).toBe(false);
    expect(await readText(harness, `${sourceOf(harness)}/new`)).toBe('at once');
  });

  test.skipIf(noMounts)('binds what becomes too large', async () => {
    const harness = agent();
    const target = await watch(harness, 'echo small > key');
    await shellOutput(harness, `cd ${sourceOf(harness)} && ${sixteen}`);
    await expect.poll(() => isMounted(harness, target), changes).toBe(true);
    expect(await readText(harness, `${target}/15`)).toBe('15\n');
  });

  test.skipIf(skip)('removes its copies with the container', async () => {
    const harness = agent();
    const target = await watch(harness, 'echo one > key');
    await harness.client.removeContainer({ containerId: 'c1' });
    expect(await pathExists(harness, target)).toBe(false);
    expect(await readText(harness, `${sourceOf(harness)}/key`)).toBe('one\n');
  });

  test.skipIf(skip)('does not follow a link of the source out of it', async () => {
    const harness = agent();
    const target = await watch(harness, 'ln -s /etc/passwd link; mkfifo pipe');
    expect(await shellOutput(harness, `readlink ${target}/link`)).toBe('/etc/passwd\n');
    expect(await pathExists(harness, `${target}/pipe`)).toBe(false);
  });

  test.skipIf(skip)('ignores a storage of the sandbox', async () => {
    const harness = agent();
    const mountPoint = `${targetOf(harness)}-ignored`;
    const storage = { driver: 'watchable-bind', source: '/nowhere', mountPoint };
    await harness.client.createSandbox({ storages: [storage] });
    expect(await pathExists(harness, mountPoint)).toBe(false);
  });

  test.skipIf(skip).each([
    { title: 'a target elsewhere', place: { mountPoint: '/watchable/x' }, text: 'path_refused' },
    { title: 'a source outside', place: { source: '/etc' }, text: 'path_refused' },
    { title: 'a source that is not there', place: { source: 'none' }, text: 'ENOENT' },
  ])('refuses $title [INTERNAL]', async ({ place, text }) => {
    const harness = agent();
    const below = (path: string | undefined) =>
      path === undefined || path === '/etc' ? path : `${harness.paths.sharedDir}/${path}`;
    const { mountPoint, source } = { mountPoint: undefined, source: undefined, ...place };
    const storage = {
      ...(mountPoint === undefined ? {} : { mountPoint: below(`sub${mountPoint}`) ?? '' }),
      ...(source === undefined ? {} : { source: below(source) ?? '' }),
    };
    await expect(watch(harness, 'true', storage)).rejects.toMatchObject(refusal(Status.INTERNAL, text));
  });

  test.skipIf(noMounts)('refuses a second directory for watched files [INTERNAL]', async () => {
    const harness = agent();
    await watch(harness, 'echo one > key');
    const mountPoint = `${harness.paths.sharedDir}/passthrough/watchable/c2-map`;
    const storages = [{ driver: 'watchable-bind', source: sourceOf(harness), mountPoint }];
    const request = createRequest('c2', harness.rootfs, sleeper);
    await expect(harness.client.createContainer({ ...request, storages })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'path_refused'),
    );
  });
});
