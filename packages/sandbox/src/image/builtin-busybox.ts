// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { runTool } from '../run-tool.ts';
import { SandboxError } from '../sandbox-error.ts';
import type { ContainerImage } from './container-image.ts';
import { cachedDirectory } from './image-cache.ts';

/** Raised whenever the tree below is laid out differently. */
const layoutVersion = 1;

/** Where Debian's packages busybox-static and busybox put the program. */
const knownPaths: readonly string[] = ['/usr/bin/busybox', '/bin/busybox'];

const emptyDirectories: readonly string[] = [
  'dev',
  'etc',
  'home',
  'proc',
  'root',
  'run',
  'sys',
  'usr',
  'var',
];

const databases: Readonly<Record<string, string>> = {
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
  'etc/group': 'root:x:0:\ndaemon:x:1:\ntty:x:5:\nnogroup:x:65534:\n',
  'etc/hosts': '127.0.0.1\tlocalhost\n::1\tlocalhost\n',
};

/**
 * The built-in image: a root file system of the host's static BusyBox and nothing else, made once per BusyBox and kept
 * under the digest of the program. Errors: `tool_missing`, `tool_failed`, `aborted`.
 * @param options where the cache is
 */
export async function builtinBusybox(options: {
  readonly cacheDirectory: string;
  readonly signal: AbortSignal | undefined;
}): Promise<ContainerImage> {
  const { path, content } = await readBusybox();
  const digest = createHash('sha256')
    .update(`layout ${layoutVersion}\n`)
    .update(content)
    .digest('hex')
    .slice(0, 32);
  const directory = await cachedDirectory(options.cacheDirectory, `busybox-${digest}`, (target) =>
    fillTree(path, join(target, 'rootfs'), options.signal),
  );
  return {
    reference: 'busybox',
    rootfs: join(directory, 'rootfs'),
    contentKey: `busybox-${digest}`,
    readOnly: false,
    command: ['sh'],
    entrypoint: [],
    env: [],
    cwd: '/',
    user: '',
  };
}

async function readBusybox(): Promise<{ path: string; content: Buffer }> {
  for (const path of knownPaths) {
    const content = await readFile(path).catch(() => undefined);
    if (content !== undefined) return { path, content };
  }
  throw new SandboxError('tool_missing', 'busybox is not installed', {
    remedy: 'install it with `apt-get install busybox-static`',
  });
}

async function fillTree(busybox: string, rootfs: string, signal: AbortSignal | undefined): Promise<void> {
  const list = await runTool(busybox, ['--list-full'], { signal });
  const applets = list.split('\n').filter((path) => /^[a-z0-9_./[-]+$/.test(path) && !path.includes('..'));
  await mkdir(join(rootfs, 'bin'), { recursive: true });
  for (const name of emptyDirectories) await mkdir(join(rootfs, name));
  await mkdir(join(rootfs, 'tmp'));
  await chmod(join(rootfs, 'tmp'), 0o1777);
  await chmod(join(rootfs, 'root'), 0o700);
  await copyFile(busybox, join(rootfs, 'bin/busybox'));
  await chmod(join(rootfs, 'bin/busybox'), 0o755);
  for (const [name, text] of Object.entries(databases)) await writeFile(join(rootfs, name), text);
  for (const applet of applets) {
    if (applet === 'bin/busybox') continue;
    await mkdir(join(rootfs, dirname(applet)), { recursive: true });
    await symlink('/bin/busybox', join(rootfs, applet));
  }
}
