// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, openSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { bringLoopbackUp, setControllingTerminal, setHostname, startSession } from '@hako/linux';
import { cgroupRoot } from '../cgroup/v2-cgroup.ts';
import type { Logger } from '../logging/logger.ts';
import { linuxMounter } from '../system/linux-mounter.ts';
import { enableControllers } from './enable-controllers.ts';
import { mountGuestFilesystems } from './guest-mounts.ts';

/** Where the agent looks for the programs it calls. */
export const guestPath = '/bin:/sbin:/usr/bin:/usr/sbin';

/** First word of a host name file, or `localhost`. */
export function hostnameOf(text: string): string {
  return /\S+/.exec(text)?.[0] ?? 'localhost';
}

function readHostname(): string {
  try {
    return hostnameOf(readFileSync('/etc/hostname', 'utf8'));
  } catch {
    return 'localhost';
  }
}

/** A terminal of one's own lets a debug shell have job control; a guest without a console does without. */
function takeConsole(): void {
  startSession();
  const fd = openSync('/dev/console', constants.O_RDWR | constants.O_NOCTTY);
  try {
    setControllingTerminal(fd);
  } finally {
    closeSync(fd);
  }
}

/** Mounts the file systems without which not even the options can be read. PID 1 only. */
export function mountGuest(): void {
  mountGuestFilesystems(linuxMounter);
}

/**
 * Does the rest of what an init does: terminals, session, search path, host name, cgroup controllers, loopback. PID 1 only.
 * A step that fails is logged, because an agent that can be asked is worth more than one that gave up.
 */
export function prepareGuest(logger: Logger): void {
  const attempt = (what: string, work: () => void): void => {
    try {
      work();
    } catch (error) {
      logger.warn({ error, subsystem: 'init' }, `${what} failed`);
    }
  };
  process.env['PATH'] = guestPath;
  attempt('linking /dev/ptmx', () => {
    rmSync('/dev/ptmx', { force: true });
    symlinkSync('/dev/pts/ptmx', '/dev/ptmx');
  });
  attempt('taking the console', takeConsole);
  attempt('setting the host name', () => setHostname(readHostname()));
  attempt('enabling cgroup controllers', () => enableControllers(cgroupRoot, logger));
  attempt('bringing the loopback interface up', () => bringLoopbackUp());
}
