// SPDX-License-Identifier: Apache-2.0
import type { OciDevice, OciDeviceRule, OciInteger, OciSpec } from '@hako/protocols';
import type { ResolvedDevice } from '../devices/device-driver.ts';
import type { GuestNode } from '../devices/device-number.ts';
import { AgentError } from '../errors/agent-error.ts';

/** A device of the specification, and what takes its place. */
interface Change {
  readonly before: OciDevice;
  readonly guest: GuestNode & { readonly path?: string };
}

function fail(operand: string, problem: string): never {
  throw new AgentError('device_failed', problem, { operand });
}

/** What two devices or rules of the host have in common when they mean the same one; undefined for a wildcard. */
function identityOf(device: {
  readonly type?: string | undefined;
  readonly major?: OciInteger | undefined;
  readonly minor?: OciInteger | undefined;
}): string | undefined {
  const { type, major, minor } = device;
  if (type === undefined || major === undefined || minor === undefined) return undefined;
  // `u` is an older word for a character device.
  return `${type === 'u' ? 'c' : type} ${major}:${minor}`;
}

function findChanges(devices: readonly OciDevice[], resolved: readonly ResolvedDevice[]): readonly Change[] {
  const paths = new Set<string>();
  return resolved.flatMap(({ containerPath, node }) => {
    if (node === undefined) return [];
    if (paths.has(containerPath)) fail(containerPath, `two devices have the container path ${containerPath}`);
    paths.add(containerPath);
    const before = devices.find(({ path }) => path === containerPath);
    return before === undefined
      ? fail(containerPath, `the specification has no device ${containerPath}`)
      : [{ before, guest: node }];
  });
}

/** The guest's devices by the host's. One of the host may be several times in the specification, but is one in the guest. */
function byIdentity(changes: readonly Change[]): ReadonlyMap<string, GuestNode> {
  const guests = new Map<string, GuestNode>();
  for (const { before, guest } of changes) {
    const identity = identityOf(before);
    if (identity === undefined) continue;
    const other = guests.get(identity) ?? guest;
    if (other.major !== guest.major || other.minor !== guest.minor) {
      fail(before.path, `the host's device ${identity} is two devices in the guest`);
    }
    guests.set(identity, guest);
  }
  return guests;
}

function allow(nodes: readonly GuestNode[]): readonly OciDeviceRule[] {
  const rules = nodes.map(({ type, major, minor }) => ({ allow: true, type, major, minor, access: 'rwm' }));
  return rules.filter((rule, index) => rules.findIndex((r) => identityOf(r) === identityOf(rule)) === index);
}

function withDevices(spec: OciSpec, devices: OciDevice[], rules: readonly OciDeviceRule[]): OciSpec {
  const linux = spec.linux ?? {};
  return { ...spec, linux: { ...linux, devices, resources: { ...linux.resources, devices: [...rules] } } };
}

/**
 * Replaces the host's device numbers by the guest's. All devices are changed at once from the original numbers: the number
 * of one in the guest may be that of another on the host.
 *
 * @throws AgentError `device_failed` for two devices with one path, for one the specification does not have, and for one of
 *   the host that would be two in the guest
 */
export function rewriteDeviceNumbers(spec: OciSpec, resolved: readonly ResolvedDevice[]): OciSpec {
  const devices = spec.linux?.devices ?? [];
  const changes = findChanges(devices, resolved);
  if (changes.length === 0) return spec;
  const guests = byIdentity(changes);
  const rules = (spec.linux?.resources?.devices ?? []).map((rule) => {
    const guest = guests.get(identityOf(rule) ?? '');
    return guest === undefined ? rule : { ...rule, major: guest.major, minor: guest.minor };
  });
  const rewritten = devices.map((device) => {
    const guest = changes.find(({ before }) => before === device)?.guest;
    if (guest === undefined) return device;
    return { ...device, path: guest.path ?? device.path, major: guest.major, minor: guest.minor };
  });
  return withDevices(spec, rewritten, [...rules, ...allow(changes.map(({ guest }) => guest))]);
}

/** Adds devices of the guest that the host does not know of; those whose path the specification has already are left out. */
export function addNodes(spec: OciSpec, nodes: readonly (GuestNode & { readonly path: string })[]): OciSpec {
  const devices = spec.linux?.devices ?? [];
  const added = nodes.filter(({ path }) => devices.every((device) => device.path !== path));
  if (added.length === 0) return spec;
  const rules = spec.linux?.resources?.devices ?? [];
  return withDevices(spec, [...devices, ...added], [...rules, ...allow(added)]);
}
