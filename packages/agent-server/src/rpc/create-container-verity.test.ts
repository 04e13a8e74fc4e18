// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { readText, shellOutput } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { shareAgent } from '../testing/share-agent.ts';
import { addDisk, type TestDisk, whyNoDisk } from '../testing/test-disk.ts';
import { createRequest } from '../testing/test-spec.ts';
import type { TestedAgentHarness } from '../testing/tested-agent.ts';
import { hashImage } from '../testing/verity-tree.ts';

const salt = Buffer.from('c0ffee', 'hex');
const dataMib = 1;
const dataBytes = dataMib * 1024 * 1024;

/** How a disk and what the host says of it differ from the ordinary. */
interface Variant {
  /** Whether room for a superblock is between data and tree. */
  readonly superblock?: boolean;
  /** Changes one byte of every block that is not empty, behind the first one, after the hashes were made. */
  readonly corrupt?: boolean;
  readonly options?: readonly string[];
  readonly rootHash?: string;
}

interface VerifiedTestDisk {
  readonly disk: TestDisk;
  readonly rootHash: string;
}

async function addVerifiedDisk(
  harness: TestedAgentHarness,
  { superblock = true, corrupt = false }: Variant,
): Promise<VerifiedTestDisk> {
  let rootHash = '';
  const disk = await addDisk(harness, {
    content: 'erofs',
    // More than fits beside its inode, so that it has blocks of its own.
    files: { file: 'verified'.repeat(4096) },
    contentMib: dataMib,
    diskMib: dataMib + 1,
    amend(image) {
      const hashed = hashImage(Buffer.concat([image], dataBytes), salt, superblock ? 1 : 0);
      rootHash = hashed.rootHash;
      if (corrupt) flipBytes(hashed.bytes.subarray(4096, dataBytes));
      return hashed.bytes;
    },
  });
  return { disk, rootHash };
}

function flipBytes(bytes: Buffer): void {
  for (let offset = 0; offset < bytes.length; offset += 4096) {
    const at = bytes.subarray(offset, offset + 4096).findIndex((byte) => byte !== 0);
    if (at >= 0) bytes[offset + at] = (bytes[offset + at] ?? 0) ^ 0xff;
  }
}

describe.each(testedAgents)('CreateContainer with verified layers $title', ({ skip, kind, start }) => {
  const agent = shareAgent({ skip, start });
  const reason = kind === 'crun' ? 'needs a kernel of its own' : whyNoDisk(kind, 'erofs');
  const noDisks = skip || reason !== undefined;
  const note = reason === undefined ? '' : ` (skipped: ${reason})`;

  async function create(
    harness: TestedAgentHarness,
    { disk, rootHash }: VerifiedTestDisk,
    { superblock = true, options = [], ...variant }: Variant,
  ): Promise<string> {
    const mountPoint = `${harness.paths.kataDir}/sandbox/layered`;
    await harness.client.createSandbox({});
    await harness.client.createContainer({
      ...createRequest('c1', harness.rootfs, sleeper),
      storages: [
        {
          ...{ driver: disk.driver, source: disk.source, fstype: 'erofs', mountPoint },
          options: [
            'X-kata.multi-layer=true',
            'X-kata.dmverity-enabled=true',
            `X-kata.dmverity.roothash=${variant.rootHash ?? rootHash}`,
            `X-kata.dmverity.hashoffset=${dataBytes}`,
            `X-kata.dmverity.salt=${salt.toString('hex')}`,
            ...(superblock ? [] : ['X-kata.dmverity.no-superblock=true']),
            ...options,
          ],
        },
      ],
    });
    return mountPoint;
  }

  const mappedDevices = (harness: TestedAgentHarness): Promise<string> =>
    shellOutput(harness, 'ls /sys/class/block | grep ^dm- || true');

  test.skipIf(noDisks).each([true, false])(
    `shows what agrees with its hashes, with a superblock: %s${note}`,
    async (superblock) => {
      const harness = agent();
      const verified = await addVerifiedDisk(harness, { superblock });
      await using _disk = verified.disk;
      const path = await create(harness, verified, { superblock });
      expect(await readText(harness, `${path}/file`)).toBe('verified'.repeat(4096));
      expect((await harness.shell(`touch ${path}/new`)).stderr).toContain('Read-only');
      expect(await mappedDevices(harness)).toMatch(/^dm-\d+\n$/);
      await harness.client.removeContainer({ containerId: 'c1' });
      expect(await mappedDevices(harness)).toBe('');
    },
  );

  test.skipIf(noDisks)(`shows nothing that was changed after its hashes were made${note}`, async () => {
    const harness = agent();
    const verified = await addVerifiedDisk(harness, { corrupt: true });
    await using _disk = verified.disk;
    const path = await create(harness, verified, {});
    const { exitCode, stdout, stderr } = await harness.shell(`cat ${path}/file`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/I\/O error|Input\/output error/);
    await harness.client.removeContainer({ containerId: 'c1' });
    expect(await mappedDevices(harness)).toBe('');
  });

  test.skipIf(noDisks).each<Variant & { readonly title: string; readonly text: string }>([
    { title: 'another root hash', rootHash: '00'.repeat(32), text: 'cannot be mounted' },
    { title: 'a root hash of another length', rootHash: '00', text: 'cannot be verified' },
    {
      title: 'hashes the kernel does not know',
      options: ['X-kata.dmverity.algorithm=sha0'],
      text: 'cannot be verified',
    },
    { title: 'no root hash that is one', rootHash: 'xyz', text: 'not usable' },
  ])(`refuses $title${note} [INTERNAL]`, async ({ text, options, rootHash }) => {
    const harness = agent();
    const verified = await addVerifiedDisk(harness, {});
    await using _disk = verified.disk;
    const variant = { ...(options && { options }), ...(rootHash && { rootHash }) };
    await expect(create(harness, verified, variant)).rejects.toMatchObject(refusal(Status.INTERNAL, text));
    expect(await mappedDevices(harness)).toBe('');
  });
});
