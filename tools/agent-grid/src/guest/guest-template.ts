// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { shellOutput } from '@hako/agent-server/testing';
import type { GuestFiles } from './guest-files.ts';
import { startGuest } from './running-guest.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** See {@link GuestTemplate}. */
    guestTemplate: GuestTemplate;
  }
}

/** Where the root file system for containers lies in the guest. */
export const guestRootfs = '/run/hako-test/rootfs';

/** What the machines of a test run start from. */
export interface GuestTemplate {
  readonly files: GuestFiles;
  readonly consolesDir: string;
  /** A machine whose agent has answered, saved before it was asked for anything else. */
  readonly snapshotDir: string;
}

const rootfsScript = `
set -e
mkdir -p ${guestRootfs}/bin ${guestRootfs}/proc ${guestRootfs}/dev ${guestRootfs}/sys ${guestRootfs}/tmp ${guestRootfs}/etc
cp /usr/bin/busybox ${guestRootfs}/bin/busybox
for name in sh cat echo sleep true false env id stty tty hostname readlink ps ls yes head dd mount umount touch mkdir \
  wc grep sed ip nproc free; do
  ln -s busybox ${guestRootfs}/bin/$name
done
printf 'no program' > ${guestRootfs}/bin/plain
`;

/** Puts a root file system with BusyBox into a guest that was booted. */
export async function provideRootfs(shell: Parameters<typeof shellOutput>[0]): Promise<void> {
  await shellOutput(shell, rootfsScript);
}

/** Boots a machine and saves it. */
export async function makeGuestTemplate(files: GuestFiles, consolesDir: string): Promise<GuestTemplate> {
  const snapshotDir = join(files.directory, 'snapshot');
  await using guest = await startGuest({ files, consolesDir, name: 'template' });
  await provideRootfs(guest);
  await guest.save(snapshotDir);
  return { files, consolesDir, snapshotDir };
}
