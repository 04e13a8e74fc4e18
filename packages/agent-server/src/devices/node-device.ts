// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';
import type { DeviceDriver, ResolvedDevice } from './device-resolver.ts';

const pollMs = 20;
const minorLowBits = 8n;
const lowMinorMask = 0xffn;

/** Splits a device number as glibc's major(3) does. */
export function splitDeviceNumber(rdev: bigint): { readonly major: number; readonly minor: number } {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & lowMinorMask) | ((rdev >> (minorLowBits + 4n)) & ~lowMinorMask & 0xffffffffn);
  return { major: Number(major), minor: Number(minor) };
}

async function look(path: string, containerPath: string): Promise<ResolvedDevice | undefined> {
  try {
    const status = await stat(path, { bigint: true });
    if (!status.isBlockDevice()) {
      throw new AgentError('device_failed', `${path} is not a block device`, { operand: path });
    }
    return { containerPath, type: 'b', ...splitDeviceNumber(status.rdev) };
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A disk whose node in the guest the host knows: virtio-mmio (`/dev/vdX`) and persistent memory (`/dev/pmemN`). */
function nodeDriver(type: string, pattern: RegExp): DeviceDriver {
  return {
    type,
    async resolve(device, { timeoutMs, signal }) {
      const path = device.vmPath;
      if (!pattern.test(path)) {
        throw new AgentError(
          'device_failed',
          `device of type ${type} has no such path: ${JSON.stringify(path)}`,
        );
      }
      const deadlineMs = performance.now() + timeoutMs;
      for (;;) {
        const found = await look(path, device.containerPath);
        if (found !== undefined) return found;
        if (performance.now() >= deadlineMs) {
          throw new AgentError('device_failed', `Timeout after ${timeoutMs} ms waiting for ${path}`, {
            operand: path,
          });
        }
        await delay(pollMs, undefined, { signal });
      }
    },
  };
}

/** virtio-mmio disks. */
export const mmioBlockDriver = nodeDriver('mmioblk', /^\/dev\/vd[a-z]+\d*$/);
/** Persistent memory. */
export const nvdimmDriver = nodeDriver('nvdimm', /^\/dev\/pmem\d+(p\d+)?$/);
