// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { attachSandbox, type AttachedSandbox } from '../attach-sandbox.ts';
import { createSandbox } from '../create-sandbox.ts';
import type { ContainerImage } from '../image/container-image.ts';
import type { GuestProcess } from '../process/guest-process.ts';
import type { SandboxOptions } from '../sandbox-options.ts';
import type { Sandbox } from '../sandbox.ts';
import { fakeSandbox, type FakeSandbox, type FakeSandboxOptions } from './fake-components.ts';
import type { FakeMain } from './fake-process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const echo: FakeMain = ({ args, print }) => {
  print(`${args.slice(1).join(' ')}\n`);
  return Promise.resolve(0);
};
const forever: FakeMain = () => new Promise(() => undefined);
const cat: FakeMain = async ({ read, print }) => {
  for (let data = await read(); data.length > 0; data = await read()) print(data);
  return 0;
};

/** Fakes, a directory for what is real, and an image with `echo`, `cat` and `forever`. */
export interface SandboxWorld extends FakeSandbox, AsyncDisposable {
  readonly image: ContainerImage;
  readonly runRoot: string;
  readonly directory: string;
  /** Makes the sandbox `box`, unless the options say otherwise. */
  create(more?: SandboxOptions): Promise<Sandbox>;
  /** Attaches to `box` as another process would. */
  attach(): Promise<AttachedSandbox>;
  /** What is in the base of run directories. */
  leftovers(): Promise<readonly string[]>;
}

/**
 * Sets up a world for one test.
 * @param options what shall happen in it
 */
export async function sandboxWorld(options: FakeSandboxOptions = {}): Promise<SandboxWorld> {
  const directory = await temporaryDirectory();
  const programs = { echo, forever, cat, '/bin/busybox': echo, ...options.programs };
  const fake = await fakeSandbox(directory.path, { ...options, programs });
  const runRoot = join(directory.path, 'run');
  const { connectAgent, joinFileShare } = fake.components;
  const attaching = { ...(connectAgent && { connectAgent }), ...(joinFileShare && { joinFileShare }) };
  const image: ContainerImage = {
    reference: 'test',
    rootfs: directory.path,
    readOnly: false,
    command: ['echo', 'default'],
    entrypoint: [],
    env: ['LANG=C'],
    cwd: '/',
    user: '',
  };
  return {
    ...fake,
    image,
    runRoot,
    directory: directory.path,
    create: (more = {}) =>
      createSandbox({ runRoot, id: 'box', cacheDirectory: directory.path, ...more }, fake.components),
    attach: () => attachSandbox('box', { runRoot, ...attaching }),
    leftovers: () => readdir(runRoot).catch(() => []),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/**
 * Reads a process's output and throws it away, to its end or to that of its machine.
 * @param process the process
 */
export function ignoreOutput({ stdout, stderr }: Pick<GuestProcess, 'stdout' | 'stderr'>): void {
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined).resume();
}
