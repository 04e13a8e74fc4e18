// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';

import type { HostDevice } from '@hako/sandbox';

import { UsageError } from '../usage-error.ts';

/**
 * Reads `HOSTPATH[:GUESTPATH[:rwm]]`; the device must exist. Without `w` a disk is read-only; the right to make nodes (`m`)
 * goes with every device. Error: {@link UsageError}.
 * @param text the device
 */
export function parseDevice(text: string): HostDevice {
  const [path = '', second, third, ...rest] = text.split(':');
  const hasAccess = third === undefined && second !== undefined && /^[rwm]+$/.test(second);
  const containerPath = hasAccess ? undefined : second;
  const access = hasAccess ? second : (third ?? 'rwm');
  const isGood = path.startsWith('/') && (containerPath ?? '/').startsWith('/') && /^r?w?m?$/.test(access);
  if (!isGood || rest.length > 0 || !access.includes('r')) {
    throw new UsageError(
      `device ${JSON.stringify(text)} is not HOSTPATH[:GUESTPATH[:rwm]]`,
      'write absolute paths, and r, rw, rm or rwm after the second',
    );
  }
  if (!existsSync(path)) throw new UsageError(`device ${path} does not exist`, 'correct the path');
  return {
    path,
    readOnly: !access.includes('w'),
    ...(containerPath === undefined ? {} : { containerPath }),
  };
}
