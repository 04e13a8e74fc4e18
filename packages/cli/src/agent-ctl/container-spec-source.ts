// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from 'node:path';

import { parseOciSpec, type OciSpec } from '@hako/protocols';
import { resolveImage, type ContainerImage } from '@hako/sandbox';

import { UsageError } from '../usage-error.ts';
import { readText } from './command-arguments.ts';

/** Where the specification of a container comes from. */
export interface SpecSource {
  /** An image as `hako run` names it; its files must be at the same place where the agent is. */
  readonly image: string | undefined;
  /** A `config.json`. */
  readonly spec: string | undefined;
  /** A directory with a `config.json`, to which the root's path is relative. */
  readonly bundleDir: string | undefined;
}

/**
 * The specification that was named, its root's path made absolute; `undefined` when none was.
 * @param source what was named; an image goes before a file, a file before a bundle
 * @param signal ends the unpacking of an image
 */
export async function specOf(source: SpecSource, signal: AbortSignal): Promise<OciSpec | undefined> {
  const { image, spec, bundleDir } = source;
  if (image !== undefined) return imageSpec(await resolveImage(image, { signal }));
  if (spec === undefined && bundleDir === undefined) return undefined;
  const text = await readText(spec ?? join(bundleDir ?? '', 'config.json'));
  const parsed = parseSpec(text, spec ?? bundleDir ?? '');
  if (parsed.root === undefined || bundleDir === undefined) return parsed;
  return { ...parsed, root: { ...parsed.root, path: resolve(bundleDir, parsed.root.path) } };
}

function parseSpec(text: string, place: string): OciSpec {
  try {
    return parseOciSpec(text);
  } catch (error) {
    throw new UsageError(
      `${place}: ${error instanceof Error ? error.message : String(error)}`,
      'give an OCI config.json',
    );
  }
}

/** A plain container of an image: namespaces of its own, and the mounts that every program expects. */
function imageSpec({ rootfs, command, env, cwd, spec }: ContainerImage): OciSpec {
  if (spec !== undefined) return { ...spec, root: { ...spec.root, path: rootfs } };
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: command.length === 0 ? ['sh'] : [...command],
      env: [...env],
      cwd,
    },
    root: { path: rootfs },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
      },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
    ],
    linux: { namespaces: [{ type: 'mount' }, { type: 'ipc' }, { type: 'uts' }, { type: 'pid' }] },
  };
}
