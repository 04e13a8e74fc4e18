// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@hako/hypervisor';
import type { QemuVm } from '../qemu-vm.ts';
import { openGuestShell, type GuestShell } from './guest-shell.ts';
import { createQemuSubject, type QemuSubject } from './qemu-subject.ts';

/** A running guest with a shell in it. */
export interface StartedGuest extends Pick<QemuSubject, 'directory' | 'hypervisor'>, AsyncDisposable {
  readonly vm: QemuVm;
  readonly shell: GuestShell;
}

/**
 * Starts a guest with a shell in it.
 *
 * @param change - What is not as in the subject's config.
 * @param subject - Whose guest it is; it stays the caller's. Default: one of its own, which goes with the guest.
 */
export async function startGuest(
  change: Partial<VmConfig> = {},
  subject?: QemuSubject,
): Promise<StartedGuest> {
  await using cleanup = new AsyncDisposableStack();
  const { directory, hypervisor, config } = subject ?? cleanup.use(await createQemuSubject('shell'));
  const vm = cleanup.use(await hypervisor.createVm({ ...config, ...change }));
  await vm.start();
  const shell = await openGuestShell(vm);
  const owned = cleanup.move();
  return { directory, hypervisor, vm, shell, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
