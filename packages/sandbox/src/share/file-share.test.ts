// SPDX-License-Identifier: Apache-2.0
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { silentLogger } from '../logger.ts';
import { CopiedFiles } from '../testing/copied-files.ts';
import { FakeFileShare } from '../testing/fake-file-share.ts';
import { describeFileShareCompliance, type FileShareSubject } from '../testing/file-share-compliance.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { startFileShare, type FileShare } from './file-share.ts';
import { shareNamespacePath } from './share-plan.ts';
import { mountsDirectory, viewDirectory } from './shared-directory.ts';
import { checkSharing, type CheckedSharing, type SharingKind } from './sharing-options.ts';
import { findVirtiofsd } from './virtiofsd-command.ts';

const execute = promisify(execFile);
const { signal } = new AbortController();

const probe = spawnSync('unshare', ['--mount', 'true']).status === 0;
const daemon = await findVirtiofsd().catch(() => undefined);
const noNamespaces = probe ? '' : ' (skipped: mount namespaces are not permitted)';
const noDaemon = noNamespaces === '' && daemon === undefined ? ' (skipped: no virtiofsd)' : noNamespaces;

function start(directory: string, sharing: CheckedSharing = checkSharing({})): Promise<FileShare> {
  return startFileShare({ directory, signal, sharing, logger: silentLogger });
}

/** A real share, looked at from inside its mount namespace. */
async function startReal(directory: string, kind: SharingKind): Promise<FileShareSubject> {
  const share = await start(directory, checkSharing({ sharing: kind }));
  const view = viewDirectory(directory);
  const inside = (...words: readonly string[]) =>
    execute('nsenter', [`--mount=/proc/${process.pid}/fd/${share.place?.namespaceFd ?? -1}`, ...words]);
  return {
    share,
    read: async (path) => (await inside('cat', join(view, path))).stdout,
    write: async (path, content) => {
      await inside('sh', '-c', 'printf %s "$2" >"$1"', 'write', join(view, path), content);
    },
    [Symbol.asyncDispose]: () => share.close(),
  };
}

describeFileShareCompliance('virtio-fs', { obstacle: noDaemon, takesAway: true }, (directory) =>
  startReal(directory, 'virtio-fs'),
);

describeFileShareCompliance(
  '9p',
  { obstacle: noNamespaces, takesAway: true, proves: 'share 9p' },
  (directory) => startReal(directory, '9p'),
);

const noWayBack = 'nothing comes back to the host';

describeFileShareCompliance('copies', { takesAway: false, noWrites: noWayBack }, async (directory) => {
  const share = await start(directory, { kind: 'none' });
  const guest = new CopiedFiles();
  share.connect?.(guest);
  return {
    share,
    read: (path) => Promise.resolve().then(() => guest.read(path)),
    [Symbol.asyncDispose]: () => share.close(),
  };
});

const noMounts = 'it gives files to nobody';

describeFileShareCompliance('the fake', { takesAway: true, noWrites: noMounts }, () => {
  const share = new FakeFileShare();
  const find = (path: string): string => {
    for (const [name, { source }] of share.requests)
      if (path === name || path.startsWith(`${name}/`)) return `${source}${path.slice(name.length)}`;
    throw new Error(`${path} is not shared`);
  };
  return Promise.resolve({
    share,
    read: async (path) => readFile(find(path), 'utf8'),
    [Symbol.asyncDispose]: () => share.close(),
  });
});

describe
  .skipIf(noNamespaces !== '')
  .each((['virtio-fs', '9p'] as const).filter((kind) => kind === '9p' || noDaemon === ''))(
  `%s${noNamespaces}`,
  (kind) => {
    const sharing = checkSharing({ sharing: kind });

    test('binds that the host never sees, and leaves nothing', async () => {
      await using directory = await temporaryDirectory();
      const source = join(directory.path, 'source');
      await mkdir(source);
      await writeFile(join(source, 'file'), '');
      const share = await start(directory.path, sharing);
      await share.add([{ name: 'box/rootfs', source, readOnly: true }], signal);
      expect(await readdir(join(mountsDirectory(directory.path), 'box/rootfs'))).toEqual([]);
      expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(directory.path);
      await share.remove(['box/rootfs']);
      expect(await readdir(mountsDirectory(directory.path))).toEqual([]);
      await share.close();
      expect(await namesakes(directory.path)).toEqual([]);
      expect(await readdir(directory.path)).not.toContain('share-namespace');
    });

    test('a link that has come to lie on the way to a source is not followed', async () => {
      await using directory = await temporaryDirectory();
      const secret = join(directory.path, 'secret');
      const volume = join(directory.path, 'volume');
      await mkdir(join(secret, 'inner'), { recursive: true });
      await mkdir(volume);
      await symlink(secret, join(volume, 'way'));
      const share = await start(directory.path, sharing);
      for (const source of [join(volume, 'way'), join(volume, 'way/inner')]) {
        await expect(share.add([{ name: 'a', source, readOnly: false }], signal)).rejects.toMatchObject({
          code: 'share_failed',
        });
      }
      await share.close();
    });

    test('a link in the place of a target leads no bind and no unmount elsewhere', async () => {
      await using directory = await temporaryDirectory();
      const source = join(directory.path, 'source');
      const elsewhere = join(directory.path, 'elsewhere');
      await mkdir(source);
      await mkdir(elsewhere);
      await writeFile(join(elsewhere, 'precious'), 'kept');
      const share = await start(directory.path, sharing);
      const target = join(mountsDirectory(directory.path), 'a');
      await symlink(elsewhere, target);
      await expect(share.add([{ name: 'a', source, readOnly: false }], signal)).rejects.toMatchObject({
        code: 'share_failed',
      });
      await expect(share.remove(['a'])).rejects.toMatchObject({ code: 'tool_failed' });
      expect(await readdir(elsewhere)).toEqual(['precious']);
      await rm(target);
      await share.close();
    });

    test('an abort while it starts leaves no process', async () => {
      await using directory = await temporaryDirectory();
      const controller = new AbortController();
      const options = { directory: directory.path, signal: controller.signal, sharing, logger: silentLogger };
      const starting = startFileShare(options);
      setImmediate(() => controller.abort(new Error('enough')));
      await expect(starting).rejects.toMatchObject({ code: 'aborted' });
      expect(await namesakes(directory.path)).toEqual([]);
    });
  },
);

test.skipIf(noNamespaces !== '')(
  'the namespace of 9p is found by its path as long as the share lives',
  async () => {
    await using directory = await temporaryDirectory();
    const share = await start(directory.path, checkSharing({ sharing: '9p' }));
    const path = shareNamespacePath(directory.path);
    const { stdout } = await execute('nsenter', [`--mount=${path}`, 'readlink', '/proc/self/ns/mnt']);
    expect(stdout.trim()).toBe(share.place?.namespace);
    await share.close();
    await expect(execute('nsenter', [`--mount=${path}`, 'true'])).rejects.toThrow();
  },
);

test.skipIf(noNamespaces !== '')('a daemon that fails is reported with its words', async () => {
  await using directory = await temporaryDirectory();
  const options = { directory: directory.path, signal, logger: silentLogger, sharing: checkSharing({}) };
  await expect(startFileShare({ ...options, virtiofsd: '/bin/false' })).rejects.toMatchObject({
    code: 'share_failed',
    message: expect.stringContaining('exit code 1') as unknown,
  });
  await expect(startFileShare({ ...options, virtiofsd: '/nowhere/virtiofsd' })).rejects.toMatchObject({
    code: 'tool_missing',
    remedy: expect.stringContaining('virtio_fs_daemon') as unknown,
  });
});

async function namesakes(text: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(text));
}
