// SPDX-License-Identifier: Apache-2.0
import type { Storage } from '@hako/protocols/agent';
import { AgentError } from '../../errors/agent-error.ts';
import { optionValue } from '../option-value.ts';

/** Options with this prefix are for the agent and never reach mount(2). */
const prefix = 'X-kata.';
const multiLayerOption = 'X-kata.multi-layer=true';
const upperOption = 'X-kata.overlay-upper';
const lowerOption = 'X-kata.overlay-lower';

/** The driver of storages that are layers; those of other drivers say so by an option. */
export const layeredDriverName = 'erofs.multi-layer';

/** Whether a storage is a layer of a root file system. */
export function isLayer({ driver, options }: Storage): boolean {
  return driver === layeredDriverName || options.includes(multiLayerOption);
}

/** Whether it is the layer that takes what the container writes. */
export function isUpper({ fstype, options }: Storage): boolean {
  return fstype === 'ext4' && options.includes(upperOption);
}

/** Whether it is one of the layers below. */
export function isLower({ fstype, options }: Storage): boolean {
  return fstype === 'erofs' || options.includes(lowerOption);
}

/** The options for mount(2). */
export function mountOptionsOf({ options }: Storage): string[] {
  return options.filter((option) => !option.startsWith(prefix));
}

/** A directory to be made in the upper layer. */
export interface WantedDirectory {
  /** Below the layer. */
  readonly path: string;
  readonly mode: number | undefined;
}

const template = /^\{\{ mount 0 \}\}\/([^:]+)(?::([0-7]{1,4}))?$/;

/**
 * The directories to be made in the upper layer: `X-kata.mkdir.path={{ mount 0 }}/PATH[:MODE]`.
 *
 * @throws AgentError `storage_failed` for a path elsewhere; the layers below cannot be written to
 */
export function wantedDirectories({ options }: Storage): WantedDirectory[] {
  const key = `${prefix}mkdir.path=`;
  return options
    .filter((option) => option.startsWith(key))
    .map((option) => {
      const [, path, mode] = template.exec(option.slice(key.length)) ?? [];
      if (path === undefined) {
        throw new AgentError('storage_failed', `no directory of the upper layer: ${JSON.stringify(option)}`);
      }
      return { path, mode: mode === undefined ? undefined : parseInt(mode, 8) };
    });
}

/**
 * The number of the partition a layer lies on, or undefined when it has the whole disk.
 *
 * @throws AgentError `storage_failed` when it is no number
 */
export function partitionOf({ options }: Storage): number | undefined {
  if (!options.includes(`${prefix}gpt-partitioned=true`)) return undefined;
  const text = optionValue(options, `${prefix}partition-number`) ?? '';
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new AgentError('storage_failed', `no number of a partition: ${JSON.stringify(text)}`);
}
