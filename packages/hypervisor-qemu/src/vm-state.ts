// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, type ProcessIdentity, type VmConfig, type VmRecord } from '@hako/hypervisor';
import type { Accelerator } from './accelerator/accelerator.ts';
import type { AgentRoad } from './command-line/launch-plan.ts';
import type { MachineName } from './command-line/machine-profile.ts';
import type { SavedHotplug } from './hotplug/qemu-hotplug.ts';

/** What has to be known of a running QEMU to go on with it. */
export interface QemuVmState {
  readonly config: VmConfig;
  readonly machine: MachineName;
  readonly accelerator: Accelerator;
  readonly road: AgentRoad;
  readonly hotplug: SavedHotplug;
}

const driver = 'qemu';
const version = 1;
/** JSON has no big integers; addresses of memory are some. */
const bigintKey = '$bigint';

/** Writes a state down as JSON data. */
export function encodeState(process: ProcessIdentity, state: QemuVmState): VmRecord {
  const text = JSON.stringify(state, (_key, value: unknown) =>
    typeof value === 'bigint' ? { [bigintKey]: String(value) } : value,
  );
  const data: unknown = JSON.parse(text);
  return { driver, version, process, state: data };
}

/**
 * Reads a state back. Whoever may write the record could as well start a QEMU of his own: its shape is checked, not each value.
 *
 * @throws HypervisorError `invalid_config` if it is not a record of this driver
 */
export function decodeState(record: VmRecord): QemuVmState {
  const state: unknown = JSON.parse(JSON.stringify(record.state ?? null), revive);
  if (record.driver === driver && record.version === version && isState(state)) return state;
  throw new HypervisorError('invalid_config', 'record of the machine is not one of this driver', {
    operand: 'record',
  });
}

function revive(_key: string, value: unknown): unknown {
  const isWrapped = typeof value === 'object' && value !== null && bigintKey in value;
  return isWrapped && typeof value[bigintKey] === 'string' ? BigInt(value[bigintKey]) : value;
}

function isState(value: unknown): value is QemuVmState {
  return (
    has(value, 'config', 'machine', 'accelerator', 'road', 'hotplug') &&
    has(value.config, 'id', 'runDir', 'devices') &&
    has(value.road, 'kind') &&
    has(value.hotplug, 'devices') &&
    Array.isArray(value.hotplug.devices)
  );
}

function has<Key extends string>(value: unknown, ...keys: readonly Key[]): value is Record<Key, unknown> {
  return typeof value === 'object' && value !== null && keys.every((key) => key in value);
}
