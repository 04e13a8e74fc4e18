// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { stripElf } from './elf-image.ts';
import { FileTreeBuilder } from './file-tree.ts';
import type { FileTree } from './file-tree.ts';
import { agentCachePath, agentPath, bootPath } from './guest/agent-script.ts';
import { GuestImageError } from './guest-image-error.ts';
import { filterPlugins, guestPrograms, hostFiles } from './guest-programs.ts';
import { compileAgentInit } from './init-program.ts';
import type { PreparedKernel } from './prepared-kernel.ts';
import { runTool } from './run-tool.ts';
import { listSharedLibraries } from './shared-libraries.ts';

/**
 * How Node runs as the guest's first process. What the agent makes lives either shortly or as long as its containers: with
 * small semi-spaces it takes some 2 MiB less of the guest's memory, and starts as soon.
 */
const nodeArguments = [
  '--disable-warning=ExperimentalWarning',
  '--experimental-ffi',
  '--max-semi-space-size=2',
  bootPath,
];
const nodeEnvironment = ['PATH=/bin:/sbin:/usr/bin:/usr/sbin', 'HOME=/root'];

const busyboxCandidates = ['/usr/bin/busybox', '/bin/busybox'];

/** Applets that would hide a program of our own or make no sense in a guest without users. */
const unwantedApplets = new Set(['busybox', 'init', 'linuxrc', ...guestPrograms.map(({ name }) => name)]);

/** Directories in which the agent mounts or that programs expect. */
const directories: readonly (readonly [path: string, mode: number])[] = [
  ['dev', 0o755],
  ['mnt', 0o755],
  ['proc', 0o555],
  ['root', 0o700],
  ['run', 0o755],
  ['sys', 0o555],
  ['tmp', 0o1777],
  ['var/lib', 0o755],
];

const symlinks: readonly (readonly [path: string, target: string])[] = [
  ['bin', 'usr/bin'],
  ['etc/mtab', '/proc/self/mounts'],
  ['lib', 'usr/lib'],
  ['lib64', 'usr/lib64'],
  ['sbin', 'usr/sbin'],
  ['var/run', '/run'],
  ['var/tmp', '/tmp'],
];

const configuration: readonly (readonly [path: string, content: string])[] = [
  ['etc/group', 'root:x:0:\nnogroup:x:65534:\n'],
  ['etc/hostname', 'hako\n'],
  ['etc/hosts', '127.0.0.1 localhost\n::1 localhost\n'],
  ['etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'],
  ['etc/os-release', 'ID=hako\nNAME=Hako\nPRETTY_NAME="Hako guest"\n'],
  [
    'etc/passwd',
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  ],
  ['etc/resolv.conf', ''],
];

/** The agent as it lies in the image. */
export interface AgentFiles {
  /** The bundled agent. */
  readonly code: Buffer;
  /** V8's code cache of it. */
  readonly cache: Buffer;
  /** The bundled program that runs the one from the other. */
  readonly boot: Buffer;
  /** Bundles it loads when it needs them, by their paths below its own folder. */
  readonly optionalParts: readonly { readonly path: string; readonly code: Buffer }[];
}

/**
 * Puts the root image together: Node, the agent, the programs it calls, busybox, their libraries and the kernel's modules.
 *
 * Errors: `input_missing` names a program that is not on the build host; `tool_failed`.
 */
export async function assembleRootTree(options: {
  kernel: PreparedKernel;
  nodePath: string;
  agent: AgentFiles;
  signal?: AbortSignal | undefined;
}): Promise<FileTree> {
  const tree = new FileTreeBuilder();
  directories.forEach(([path, mode]) => tree.directory(path, mode));
  symlinks.forEach(([path, target]) => tree.symlink(path, target));
  configuration.forEach(([path, content]) => tree.file(path, Buffer.from(content)));

  tree.file('usr/bin/node', stripElf(await readInput(options.nodePath)), 0o755);
  tree.file(agentPath.slice(1), options.agent.code);
  tree.file(agentCachePath.slice(1), options.agent.cache);
  tree.file(bootPath.slice(1), options.agent.boot);
  for (const { path, code } of options.agent.optionalParts)
    tree.file(join(dirname(agentPath).slice(1), path), code);
  tree.file('usr/sbin/init', compileAgentInit(nodeArguments, nodeEnvironment), 0o755);

  const dynamic = [options.nodePath];
  for (const { name, candidates, links = [] } of guestPrograms) {
    const path = await findProgram(name, candidates);
    tree.file(`usr/bin/${name}`, stripElf(await readInput(path)), 0o755);
    links.forEach((link) => tree.symlink(`usr/bin/${link}`, name));
    dynamic.push(path);
  }
  dynamic.push(...(await addFilterPlugins(tree)));
  for (const path of hostFiles) tree.file(path.slice(1), await readInput(path));
  await addLibraries(tree, dynamic, options.signal);
  await addBusybox(tree, options.signal);
  await addModules(tree, options.kernel);
  return tree.build();
}

/** They stay where the packet filter's programs look for them. */
async function addFilterPlugins(tree: FileTreeBuilder): Promise<string[]> {
  const { directory, pattern } = filterPlugins;
  const names = (await readdir(directory).catch(() => [])).filter((name) => pattern.test(name)).sort();
  const paths = names.map((name) => join(directory, name));
  for (const path of paths) tree.file(path.slice(1), stripElf(await readInput(path)), 0o755);
  return paths;
}

async function addLibraries(
  tree: FileTreeBuilder,
  binaries: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  for (const path of await listSharedLibraries(binaries, signal)) {
    const folder = basename(path).startsWith('ld-') ? 'usr/lib64' : 'usr/lib';
    tree.file(`${folder}/${basename(path)}`, stripElf(await readInput(path)), 0o755);
  }
}

async function addBusybox(tree: FileTreeBuilder, signal?: AbortSignal): Promise<void> {
  const path = await findProgram('busybox', busyboxCandidates);
  tree.file('usr/bin/busybox', stripElf(await readInput(path)), 0o755);
  const applets = await runTool(path, ['--list-full'], { signal });
  for (const applet of applets.split('\n')) {
    const name = basename(applet);
    if (name === '' || unwantedApplets.has(name)) continue;
    const folder = /^(usr\/)?sbin\//.test(applet) ? 'usr/sbin' : 'usr/bin';
    tree.symlink(`${folder}/${name}`, '/usr/bin/busybox');
  }
}

async function addModules(tree: FileTreeBuilder, kernel: PreparedKernel): Promise<void> {
  const modules = join(kernel.directory, 'lib/modules');
  for (const entry of await readdir(modules, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    tree.file(join('usr/lib/modules', path.slice(modules.length + 1)), await readFile(path));
  }
}

async function findProgram(name: string, candidates: readonly string[]): Promise<string> {
  for (const candidate of candidates) {
    const path = await realpath(candidate).catch(() => undefined);
    if (path !== undefined) return path;
  }
  throw new GuestImageError('input_missing', `program for the guest image is not installed: ${name}`);
}

async function readInput(path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw new GuestImageError('input_missing', `file for the guest image cannot be read: ${path}`, {
      cause: error,
    });
  });
}
