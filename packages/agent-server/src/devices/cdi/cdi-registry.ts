// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { AgentError } from '../../errors/agent-error.ts';
import { namesIn } from '../sysfs.ts';
import { type CdiEdits, type CdiSpec, readCdiSpec } from './cdi-spec.ts';

/** A device of a file. */
export interface CdiDevice {
  readonly spec: CdiSpec;
  readonly edits: CdiEdits;
}

/** What the files of a directory offer. */
export interface CdiRegistry {
  readonly kinds: ReadonlySet<string>;
  /** By `<vendor>/<class>=<name>`. */
  readonly devices: ReadonlyMap<string, CdiDevice>;
}

async function readSpec(path: string): Promise<CdiSpec> {
  try {
    const text = await readFile(path, 'utf8');
    if (extname(path) === '.json') return readCdiSpec(JSON.parse(text));
    const { parseYaml } = await import('../../optional/yaml.ts');
    return readCdiSpec(parseYaml(text));
  } catch (error) {
    throw new AgentError('device_failed', `CDI file ${path} cannot be used`, { operand: path, cause: error });
  }
}

/**
 * Reads the CDI files of a directory; there may be none yet.
 *
 * @throws AgentError `device_failed` for a file that cannot be used, and for a device two files speak of
 */
export async function readCdiRegistry(dir: string): Promise<CdiRegistry> {
  const names = (await namesIn(dir)).filter((name) => /\.(json|yaml)$/.test(name));
  const devices = new Map<string, CdiDevice>();
  const kinds = new Set<string>();
  for (const spec of await Promise.all(names.map((name) => readSpec(join(dir, name))))) {
    kinds.add(spec.kind);
    for (const [name, edits] of spec.devices) {
      const key = `${spec.kind}=${name}`;
      if (devices.has(key)) {
        throw new AgentError('device_failed', `two CDI files have the device ${key}`, { operand: key });
      }
      devices.set(key, { spec, edits });
    }
  }
  return { kinds, devices };
}
