// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import type { OciSpec } from '@hako/protocols';
import { AgentError } from '../../errors/agent-error.ts';
import { applyEdits } from './apply-edits.ts';
import { type CdiDevice, readCdiRegistry } from './cdi-registry.ts';
import type { CdiSpec } from './cdi-spec.ts';

/** How CDI devices are looked for. */
export interface CdiOptions {
  /** Where the files are: `/run/cdi`. */
  readonly dir: string;
  /** How long their makers may take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Time between two looks. Default 1,000. */
  readonly retryMs?: number;
}

/**
 * Looks for devices once.
 *
 * @returns undefined as long as a kind is missing
 * @throws AgentError `device_failed` for a device that its kind does not have
 */
async function find(names: readonly string[], dir: string): Promise<readonly CdiDevice[] | undefined> {
  const { kinds, devices } = await readCdiRegistry(dir);
  const absent = names.filter((name) => !devices.has(name));
  const hopeless = absent.filter((name) => kinds.has(name.slice(0, name.indexOf('='))));
  if (hopeless.length > 0) {
    const problem = `CDI devices ${hopeless.join(', ')} do not exist, though their kind does in ${dir}`;
    throw new AgentError('device_failed', problem, { operand: hopeless.join(', ') });
  }
  return absent.length > 0 ? undefined : names.flatMap((name) => devices.get(name) ?? []);
}

async function waitFor(names: readonly string[], options: CdiOptions): Promise<readonly CdiDevice[]> {
  const { dir, timeoutMs, signal, retryMs = 1_000 } = options;
  for (let leftMs = timeoutMs; ; leftMs -= retryMs) {
    const found = await find(names, dir);
    if (found !== undefined) return found;
    if (leftMs < retryMs) break;
    await delay(retryMs, undefined, { signal });
  }
  const problem = `Timeout after ${timeoutMs} ms waiting for CDI devices ${names.join(', ')} in ${dir}`;
  throw new AgentError('timed_out', problem, { operand: names.join(', ') });
}

/**
 * Changes a specification as the guest's CDI files say for the devices it asks for. Files may still be in the making.
 *
 * @param names - `<vendor>/<class>=<name>` each
 * @throws AgentError `timed_out`; `device_failed` for files that cannot be used and devices that do not exist
 */
export async function injectCdiDevices(
  spec: OciSpec,
  names: readonly string[],
  options: CdiOptions,
): Promise<OciSpec> {
  const seen = new Set<CdiSpec>();
  let edited = spec;
  for (const { spec: cdi, edits } of await waitFor(names, options)) {
    if (!seen.has(cdi)) edited = await applyEdits(edited, cdi.edits);
    seen.add(cdi);
    edited = await applyEdits(edited, edits);
  }
  return edited;
}
