// SPDX-License-Identifier: Apache-2.0
import type { DeepPartial, Storage } from '@hako/protocols/agent';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { pathExists, readText, shellOutput } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { shareAgent } from '../testing/share-agent.ts';
import { addDisk, type TestDisk, whyNoDisk } from '../testing/test-disk.ts';
import { createRequest } from '../testing/test-spec.ts';
import type { TestedAgentHarness } from '../testing/tested-agent.ts';

const layer = 'X-kata.multi-layer=true';

function layerOf({ driver, source }: TestDisk, fstype: string, options: readonly string[] = []) {
  return { driver, source, fstype, options: [layer, ...options] };
}

async function addErofs(harness: TestedAgentHarness, files: Readonly<Record<string, string>>) {
  return await addDisk(harness, { content: 'erofs', files, contentMib: 4 });
}

describe.each(testedAgents)('CreateContainer with layers $title', ({ skip, kind, start }) => {
  const agent = shareAgent({ skip, start });
  const reason = whyNoDisk(kind, 'erofs') ?? whyNoDisk(kind, 'ext4');
  const noDisks = skip || reason !== undefined;
  const note = reason === undefined ? '' : ` (skipped: ${reason})`;

  /** Makes a container that has layers beside its root. */
  async function create(
    harness: TestedAgentHarness,
    layers: readonly DeepPartial<Storage>[],
  ): Promise<string> {
    const mountPoint = `${harness.paths.kataDir}/sandbox/layered`;
    const storages = layers.map((storage) => ({ mountPoint, ...storage }));
    await harness.client.createSandbox({});
    await harness.client.createContainer({ ...createRequest('c1', harness.rootfs, sleeper), storages });
    return mountPoint;
  }

  test.skipIf(noDisks)(`puts a writable layer over read-only ones, the first on top${note}`, async () => {
    const harness = agent();
    await using top = await addErofs(harness, { both: 'top', top: 't' });
    await using base = await addErofs(harness, { both: 'base', base: 'b' });
    await using upper = await addDisk(harness, { content: 'ext4', contentMib: 16 });
    const made = 'X-kata.mkdir.path={{ mount 0 }}/made:0750';
    const path = await create(harness, [
      layerOf(upper, 'ext4', ['X-kata.overlay-upper', made]),
      layerOf(top, 'erofs', ['X-kata.overlay-lower']),
      layerOf(base, 'erofs'),
    ]);
    expect(await readText(harness, `${path}/both`)).toBe('top');
    expect(await readText(harness, `${path}/base`)).toBe('b');
    await shellOutput(harness, `echo new > ${path}/base`);
    expect(await readText(harness, `${path}/base`)).toBe('new\n');
    const upperDir = `${harness.paths.kataDir}/sandbox/multi-layer/c1/upper`;
    expect(await shellOutput(harness, `stat -c %a ${upperDir}/made`)).toBe('750\n');
    await harness.client.removeContainer({ containerId: 'c1' });
    expect(await pathExists(harness, path)).toBe(false);
    expect(await pathExists(harness, `${harness.paths.kataDir}/sandbox/multi-layer/c1`)).toBe(false);
    expect(await readText(harness, '/proc/mounts')).not.toContain('multi-layer');
  });

  test.skipIf(noDisks).each([1, 2])(
    `shows %d read-only layers without a writable one${note}`,
    async (count) => {
      const harness = agent();
      await using top = await addErofs(harness, { file: 'top' });
      await using base = await addErofs(harness, { other: 'base' });
      const path = await create(harness, [layerOf(top, 'erofs'), layerOf(base, 'erofs')].slice(0, count));
      expect(await readText(harness, `${path}/file`)).toBe('top');
      expect((await harness.shell(`touch ${path}/new`)).stderr).toContain('Read-only');
      expect(await pathExists(harness, `${path}/other`)).toBe(count === 2);
      await harness.client.removeContainer({ containerId: 'c1' });
      expect(await readText(harness, '/proc/mounts')).not.toContain('multi-layer');
    },
  );

  const lower = { driver: 'blk', source: '1e/1e', fstype: 'erofs', options: [layer] };
  const upper = { driver: 'blk', source: '1e/1d', fstype: 'ext4', options: [layer, 'X-kata.overlay-upper'] };
  const withOption = (...options: string[]) => ({ ...lower, options: [layer, ...options] });
  test.skipIf(skip).each<{ title: string; layers: DeepPartial<Storage>[]; text: string }>([
    { title: 'no lower layer', layers: [upper], text: 'no lower layer' },
    { title: 'two upper layers', layers: [upper, upper, lower], text: 'one upper layer' },
    {
      title: 'a layer of another kind',
      layers: [lower, { ...lower, fstype: 'xfs' }],
      text: '"xfs" is no layer',
    },
    { title: 'a layer that is no disk', layers: [{ ...lower, driver: 'nvdimm' }], text: 'not on "nvdimm"' },
    {
      title: 'the driver without disk',
      layers: [{ ...lower, driver: 'erofs.multi-layer' }],
      text: 'lie on disks',
    },
    { title: 'a disk that does not come', layers: [lower], text: 'ms waiting for' },
    {
      title: 'a partition without number',
      layers: [withOption('X-kata.gpt-partitioned=true')],
      text: 'no number of a partition',
    },
  ])('refuses $title [INTERNAL]', async ({ layers, text }) => {
    const harness = agent();
    await expect(create(harness, layers)).rejects.toMatchObject(refusal(Status.INTERNAL, text));
  });

  test.skipIf(noDisks)(`takes back its layers when one cannot be had${note} [INTERNAL]`, async () => {
    const harness = agent();
    await using top = await addErofs(harness, { file: 'top' });
    await expect(create(harness, [layerOf(top, 'erofs'), lower])).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'ms waiting for'),
    );
    expect(await readText(harness, '/proc/mounts')).not.toContain('multi-layer');
  });

  test.skipIf(noDisks).each(['{{ mount 1 }}/x', '/etc/x', '{{ mount 0 }}/../../x'])(
    `refuses to make the directory %s${note} [INTERNAL]`,
    async (path) => {
      const harness = agent();
      await using base = await addErofs(harness, { file: 'base' });
      await using disk = await addDisk(harness, { content: 'ext4', contentMib: 16 });
      const options = ['X-kata.overlay-upper', `X-kata.mkdir.path=${path}`];
      await expect(
        create(harness, [layerOf(disk, 'ext4', options), layerOf(base, 'erofs')]),
      ).rejects.toMatchObject({ code: Status.INTERNAL });
      expect(await readText(harness, '/proc/mounts')).not.toContain('multi-layer');
    },
  );
});
