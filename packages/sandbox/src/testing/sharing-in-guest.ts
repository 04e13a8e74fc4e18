// SPDX-License-Identifier: Apache-2.0
import { chmod, chown, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { attachSandbox } from '../attach-sandbox.ts';
import type { Container } from '../container/container.ts';
import { createSandbox } from '../create-sandbox.ts';
import { resolveImage } from '../image/resolve-image.ts';
import type { SandboxOptions } from '../sandbox-options.ts';
import type { Sandbox } from '../sandbox.ts';
import { ConfigVolumeFolder } from './config-volume-folder.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** How a kind of sharing is tested. */
export interface SharingInGuest {
  /** Why it cannot be here; empty when it can. */
  readonly obstacle: string;
  readonly options: SandboxOptions;
  /** Row of the status of the host side. */
  readonly proves: string;
  /** Whether both sides see what the other one writes; else the guest has copies. */
  readonly isLive: boolean;
}

/**
 * Describes what a container in a real machine sees of the host's files.
 * @param kind the kind of sharing
 * @param how how it is tested
 */
export function describeSharingInGuest(kind: string, how: SharingInGuest): void {
  const { obstacle, options, proves, isLive } = how;
  describe.skipIf(obstacle !== '')(
    `volumes of a real machine by ${kind}${obstacle} [proves ${proves}]`,
    () => {
      const stack = new AsyncDisposableStack();
      let source: string;
      let runRoot: string;
      let config: ConfigVolumeFolder;
      let sandbox: Sandbox;
      let container: Container;

      beforeAll(async () => {
        const directory = stack.use(await temporaryDirectory());
        source = join(directory.path, 'volume');
        await mkdir(join(source, 'inner'), { recursive: true });
        await writeFile(join(source, 'file'), 'content');
        await chmod(join(source, 'file'), 0o640);
        await chown(join(source, 'file'), 1001, 1002);
        await chmod(join(source, 'inner'), 0o1777);
        await writeFile(join(directory.path, 'secret'), 'secret');
        await symlink(join(directory.path, 'secret'), join(source, 'absolute'));
        await symlink('../secret', join(source, 'relative'));
        const configPath = join(directory.path, 'config');
        await mkdir(configPath);
        config = new ConfigVolumeFolder(configPath);
        await config.publish({ mode: 'calm', old: 'stays' });
        runRoot = join(directory.path, 'run');
        sandbox = stack.use(await createSandbox({ runRoot, ...options }));
        container = await sandbox.createContainer({
          image: await resolveImage('busybox'),
          command: ['sleep', '1000'],
          // May mount: what is read-only has to be so for a guest that does what it likes.
          capabilities: { add: ['SYS_ADMIN'] },
          volumes: [
            { source, destination: '/volume' },
            { source, destination: '/fixed', readOnly: true },
            { source: join(source, 'file'), destination: '/single', readOnly: true },
            { source: configPath, destination: '/config', readOnly: true },
          ],
        });
        container.discardOutput();
        await container.start();
      });

      afterAll(() => stack.disposeAsync());

      /** What a shell script in the container prints, and how it ends. */
      async function shell(script: string): Promise<readonly [string, number]> {
        const process = await container.exec({ command: ['sh', '-c', script] });
        const [stdout] = await Promise.all([text(process.stdout), text(process.stderr)]);
        return [stdout.trim(), await process.wait()];
      }

      test('modes, owners, directories and single files are as on the host', async () => {
        expect(
          await shell('cat /volume/file /single; stat -c " %a %u %g" /volume/file /volume/inner'),
        ).toEqual(['contentcontent 640 1001 1002\n 1777 0 0', 0]);
      });

      test('links are links, and lead to nothing of the host', async () => {
        const [stdout] = await shell('readlink /volume/relative; cat /volume/relative /volume/absolute');
        expect(stdout).toBe('../secret');
      });

      test('a volume and a file that are read-only are not written', async () => {
        expect(
          await shell('echo x >/fixed/new || echo x >/single || echo x >/fixed/file || echo refused'),
        ).toEqual(['refused', 0]);
        expect(await readFile(join(source, 'file'), 'utf8')).toBe('content');
      });

      test(
        isLive
          ? 'what one side writes, the other one sees'
          : 'what the guest writes stays in the guest, and what the host writes on the host',
        async () => {
          await writeFile(join(source, 'from-host'), 'host');
          expect(await shell('printf guest >/volume/from-guest; cat /volume/from-host || echo none')).toEqual(
            [isLive ? 'host' : 'none', 0],
          );
          const written = await readFile(join(source, 'from-guest'), 'utf8').catch(() => 'none');
          expect(written).toBe(isLive ? 'guest' : 'none');
        },
      );

      test(`a change of a configuration volume is seen; a key that goes ${isLive ? 'goes' : 'stays'}`, async () => {
        expect(await shell('cat /config/mode')).toEqual(['calm', 0]);
        await config.publish({ mode: 'brisk', more: 'new' });
        const script = 'until [ -e /config/more ]; do sleep 0.1; done; cat /config/mode; ls /config';
        const [stdout] = await shell(script);
        expect(stdout.split('\n')).toEqual(isLive ? ['briskmode', 'more'] : ['briskmode', 'more', 'old']);
      });

      if (isLive) {
        test('what is read-only stays so for a guest that mounts it anew', async () => {
          const script =
            'mount -o remount,bind,rw /fixed && echo remounted; echo x >/fixed/file || echo refused';
          expect(await shell(script)).toEqual(['remounted\nrefused', 0]);
          expect(await readFile(join(source, 'file'), 'utf8')).toBe('content');
        });

        // A container needs a root file system, which another process has only by a live share.
        test('another process gives a container of its own files', async () => {
          await using attached = await attachSandbox(sandbox.id, { runRoot });
          await using other = await attached.createContainer({
            image: await resolveImage('busybox'),
            command: ['cat', '/volume/file'],
            volumes: [{ source, destination: '/volume', readOnly: true }],
          });
          const output = Promise.all([text(other.stdout), text(other.stderr)]);
          await other.start();
          expect([await output, await other.wait()]).toEqual([['content', ''], 0]);
        });
      }

      test('no mount shows up on the host', async () => {
        expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(sandbox.directory);
      });
    },
  );
}
