// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestedAgentHarness, TestedAgentKind } from './tested-agent.ts';

const run = promisify(execFile);
const bytesPerMib = 1024 * 1024;

/** What a disk of a test holds. */
export type DiskContent = 'ext4' | 'xfs' | 'erofs' | 'swap' | 'nothing';

const programs = {
  ext4: 'mkfs.ext4',
  xfs: 'mkfs.xfs',
  erofs: 'mkfs.erofs',
  swap: 'mkswap',
  nothing: undefined,
} as const;

/** A disk with something on it, in the machine of an agent under test: a plugged one, or a loop device of this host. */
export interface TestDisk extends AsyncDisposable {
  /** For `Storage.driver` and `Storage.source`. */
  readonly driver: 'blk' | 'scsi';
  readonly source: string;
}

/** What {@link addDisk} takes. */
export interface TestDiskOptions {
  readonly content: DiskContent;
  /** Size of what is on it. */
  readonly contentMib: number;
  /** Text files of an erofs, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** What else is done to it once it holds its content. */
  readonly amend?: (image: Buffer) => Uint8Array;
  /** Size of the disk. Default: that of what is on it. */
  readonly diskMib?: number;
  /** In a guest. Default: virtio-blk. */
  readonly bus?: 'virtio-blk' | 'virtio-scsi';
}

/** Where programs for disks are, beside the places of `PATH`. */
const systemDirs = ['/sbin', '/usr/sbin'];

function isInPath(program: string): boolean {
  const dirs = [...(process.env['PATH'] ?? '').split(':'), ...systemDirs];
  return dirs.some((dir) => existsSync(join(dir, program)));
}

/** Why an agent of a kind cannot have such a disk; undefined when it can. */
export function whyNoDisk(kind: TestedAgentKind, content: DiskContent): string | undefined {
  const program = programs[content];
  if (kind === 'fake') return 'no disks on a fake machine';
  if (program !== undefined && !isInPath(program)) return `needs ${program}`;
  return undefined;
}

async function fillImage(
  imagePath: string,
  { content, files = {} }: TestDiskOptions,
  dir: string,
): Promise<void> {
  if (content === 'nothing') return;
  if (content !== 'erofs') {
    await run(programs[content], ['-q', imagePath]);
    return;
  }
  const tree = join(dir, 'tree');
  await mkdir(tree);
  for (const [name, text] of Object.entries(files)) await writeFile(join(tree, name), text);
  await run(programs.erofs, ['--quiet', imagePath, tree]);
}

/** Puts a disk in. */
export async function addDisk(harness: TestedAgentHarness, options: TestDiskOptions): Promise<TestDisk> {
  const { contentMib, diskMib = contentMib, bus = 'virtio-blk' } = options;
  await using undo = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'hako-disk-'));
  undo.defer(() => rm(dir, { recursive: true }));
  const imagePath = join(dir, 'disk.img');
  await writeFile(imagePath, '');
  await truncate(imagePath, contentMib * bytesPerMib);
  await fillImage(imagePath, options, dir);
  if (options.amend !== undefined) await writeFile(imagePath, options.amend(await readFile(imagePath)));
  await truncate(imagePath, diskMib * bytesPerMib);
  if (harness.machine === undefined) {
    const { stdout } = await run('losetup', ['--show', '--find', imagePath]);
    const source = stdout.trim();
    undo.defer(async () => {
      await run('losetup', ['--detach', source]);
    });
    undo.defer(() => letGo(harness, source));
    return disk('blk', source, undo.move());
  }
  const plugged = await harness.machine.plugDisk({ sizeMib: diskMib, driver: bus, imagePath });
  undo.defer(() => plugged.unplug());
  undo.defer(() => letGo(harness, plugged.pciPath));
  return bus === 'virtio-blk'
    ? disk('blk', plugged.pciPath, undo.move())
    : disk('scsi', plugged.scsiAddress ?? '', undo.move());
}

/** Takes it out of use, in whatever state the test has ended. On this host only what lies on loop devices is touched. */
async function letGo(harness: TestedAgentHarness, source: string): Promise<void> {
  const { paths, machine } = harness;
  const device = machine === undefined ? source : '/dev/*';
  await harness.shell(`
    while read -r name rest; do case "$name" in ${device}) swapoff "$name";; esac; done < /proc/swaps
    while read -r name dir rest; do case "$name $dir" in ${device}" ${paths.kataDir}/"*) umount "$dir";; esac; done < /proc/mounts
  `);
}

function disk(driver: TestDisk['driver'], source: string, owned: AsyncDisposableStack): TestDisk {
  return { driver, source, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
