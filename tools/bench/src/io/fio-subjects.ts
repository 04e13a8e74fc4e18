// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { createSandbox, resolveImage, type Container, type SandboxOptions } from '@hako/sandbox';
import { makeFioImage } from './fio-image.ts';

const run = promisify(execFile);

const diskBytes = 256 * 1024 * 1024;

/** A place where fio can be run: it gets a command and answers with what was printed. */
export interface FioSubject {
  readonly name: string;
  readonly title: string;
  /** Directory to work in, as fio sees it. */
  readonly directory: string;
  readonly run: (command: readonly string[]) => Promise<string>;
}

async function sleeper(
  undo: AsyncDisposableStack,
  imageDirectory: string,
  options: SandboxOptions,
  container: { readonly volume?: string; readonly disk?: string },
): Promise<Container> {
  const sandbox = undo.use(await createSandbox(options));
  const started = await sandbox.createContainer({
    image: await resolveImage(`rootfs:${imageDirectory}`),
    command: ['/bin/busybox', 'sleep', '100000'],
    volumes:
      container.volume === undefined ? [] : [{ source: container.volume, destination: '/data/shared' }],
    blockVolumes:
      container.disk === undefined
        ? []
        : [{ source: container.disk, destination: '/data/disk', fstype: 'ext4', createFilesystem: true }],
  });
  started.discardOutput();
  await started.start();
  return started;
}

function inContainer(container: Container): FioSubject['run'] {
  return async (command) => {
    const process = await container.exec({ command });
    const [stdout, stderr] = await Promise.all([text(process.stdout), text(process.stderr)]);
    const exitCode = await process.wait();
    if (exitCode !== 0) throw new Error(`fio ended with ${exitCode} in the guest: ${stderr}`);
    return stdout;
  };
}

/**
 * Prepares the host and the guest's ways to files of the same file system of the host.
 *
 * @param directory - empty; gets files
 * @returns the subjects, and for each that is not to be had the reason
 */
export async function prepareFioSubjects(
  undo: AsyncDisposableStack,
  directory: string,
): Promise<{ readonly subjects: readonly FioSubject[]; readonly gaps: readonly string[] }> {
  const make = async (name: string): Promise<string> => {
    const path = join(directory, name);
    await mkdir(path);
    return path;
  };
  const [image, host] = [await make('image'), await make('host')];
  const [shared, sharedBy9p] = [await make('shared'), await make('shared-9p')];
  await makeFioImage(image);
  const disk = join(directory, 'disk.raw');
  await using file = await open(disk, 'wx');
  await file.truncate(diskBytes);

  const inGuest = inContainer(await sleeper(undo, image, {}, { volume: shared, disk }));
  const subjects: FioSubject[] = [
    {
      name: 'host',
      title: 'host',
      directory: host,
      run: async ([program = '', ...words]) => (await run(program, words)).stdout,
    },
    { name: 'virtio-fs', title: 'virtio-fs', directory: '/data/shared', run: inGuest },
    { name: 'virtio-blk', title: 'virtio-blk, ext4', directory: '/data/disk', run: inGuest },
  ];
  const gaps: string[] = [];
  try {
    const by9p = await sleeper(undo, image, { sharing: '9p' }, { volume: sharedBy9p });
    subjects.push({ name: '9p', title: '9p', directory: '/data/shared', run: inContainer(by9p) });
  } catch (error) {
    gaps.push(`9p was not measured: ${error instanceof Error ? error.message : String(error)}.`);
  }
  return { subjects, gaps };
}
