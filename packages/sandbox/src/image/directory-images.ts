// SPDX-License-Identifier: Apache-2.0
import { readFile, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { parseOciSpec, type OciSpec } from '@hako/protocols';

import { describeError, SandboxError } from '../sandbox-error.ts';
import type { ContainerImage } from './container-image.ts';
import { isDirectory } from './image-cache.ts';

const specFile = 'config.json';

/**
 * The image `rootfs:DIR`: a directory as it is. Error: `invalid_image`.
 * @param directory the root directory
 */
export async function rootfsImage(directory: string): Promise<ContainerImage> {
  return {
    reference: `rootfs:${directory}`,
    rootfs: await existingDirectory(directory, 'root directory'),
    readOnly: false,
    command: [],
    entrypoint: [],
    env: [],
    cwd: '/',
    user: '',
  };
}

/**
 * The image `bundle:DIR`: an OCI bundle, which is a `config.json` beside a root directory. Error: `invalid_image`.
 * @param directory the bundle
 */
export async function bundleImage(directory: string): Promise<ContainerImage> {
  const bundle = await existingDirectory(directory, 'bundle');
  const spec = await readSpec(join(bundle, specFile));
  const { process, root } = spec;
  if (process === undefined)
    throw unusable(bundle, `${specFile} has no process`, 'add the section "process"');
  if ((process.args ?? []).length === 0) {
    throw unusable(bundle, `${specFile} names no command`, 'fill "process.args"');
  }
  const user = process.user ?? { uid: 0, gid: 0 };
  return {
    reference: `bundle:${directory}`,
    rootfs: await existingDirectory(resolve(bundle, root?.path ?? 'rootfs'), 'root directory of the bundle'),
    readOnly: root?.readonly ?? false,
    command: process.args ?? [],
    entrypoint: [],
    env: process.env ?? [],
    cwd: process.cwd,
    user: `${user.uid}:${user.gid}`,
    bundle,
    spec,
  };
}

async function readSpec(path: string): Promise<OciSpec> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new SandboxError('invalid_image', `${path} cannot be read`, {
      cause,
      remedy: 'name a directory that holds an OCI bundle',
    });
  }
  try {
    return parseOciSpec(text);
  } catch (cause) {
    throw new SandboxError('invalid_image', `${path} is not usable: ${describeError(cause)}`, {
      cause,
      remedy: 'correct it; `runc spec` or `crun spec` writes one to start from',
    });
  }
}

async function existingDirectory(path: string, what: string): Promise<string> {
  const absolute = resolve(path);
  if (!(await isDirectory(absolute))) throw unusable(absolute, `${what} does not exist`, 'check the path');
  return realpath(absolute);
}

function unusable(path: string, why: string, remedy: string): SandboxError {
  return new SandboxError('invalid_image', `${path}: ${why}`, { remedy });
}
