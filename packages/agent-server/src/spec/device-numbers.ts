// SPDX-License-Identifier: Apache-2.0
import type { OciDevice, OciDeviceRule, OciInteger, OciSpec } from '@hako/protocols';
import type { ResolvedDevice } from '../devices/device-resolver.ts';
import { AgentError } from '../errors/agent-error.ts';

function sameNumber(left: OciInteger | undefined, right: OciInteger | undefined): boolean {
  return left !== undefined && right !== undefined && BigInt(left) === BigInt(right);
}

interface Change {
  readonly before: OciDevice;
  readonly guest: ResolvedDevice;
}

function changeRule(rule: OciDeviceRule, changes: readonly Change[]): OciDeviceRule {
  const match = changes.find(
    ({ before }) =>
      rule.type === before.type &&
      sameNumber(rule.major, before.major) &&
      sameNumber(rule.minor, before.minor),
  );
  return match === undefined ? rule : { ...rule, major: match.guest.major, minor: match.guest.minor };
}

/**
 * Replaces the host's device numbers by the guest's. All devices are changed at once from the original numbers: the number
 * of one in the guest may be that of another on the host.
 *
 * @throws AgentError `device_failed` for two devices with one path, and for one the specification does not have
 */
export function rewriteDeviceNumbers(spec: OciSpec, resolved: readonly ResolvedDevice[]): OciSpec {
  if (resolved.length === 0) return spec;
  const linux = spec.linux ?? {};
  const devices = linux.devices ?? [];
  const guestByPath = new Map<string, ResolvedDevice>();
  const changes = resolved.map((guest): Change => {
    const operand = guest.containerPath;
    if (guestByPath.has(operand)) {
      throw new AgentError('device_failed', `two devices have the container path ${operand}`, { operand });
    }
    guestByPath.set(operand, guest);
    const before = devices.find(({ path }) => path === operand);
    if (before === undefined) {
      throw new AgentError('device_failed', `the specification has no device ${operand}`, { operand });
    }
    return { before, guest };
  });
  const rules = (linux.resources?.devices ?? []).map((rule) => changeRule(rule, changes));
  const allowed = resolved.map(({ type, major, minor }): OciDeviceRule => ({
    allow: true,
    type,
    major,
    minor,
    access: 'rwm',
  }));
  return {
    ...spec,
    linux: {
      ...linux,
      devices: devices.map((device) => {
        const guest = guestByPath.get(device.path);
        return guest === undefined ? device : { ...device, major: guest.major, minor: guest.minor };
      }),
      resources: { ...linux.resources, devices: [...rules, ...allowed] },
    },
  };
}
