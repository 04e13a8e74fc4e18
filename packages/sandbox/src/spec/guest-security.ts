// SPDX-License-Identifier: Apache-2.0
import type { OciSpec } from '@hako/protocols';

import { canAccess } from '../can-access.ts';
import { SandboxError } from '../sandbox-error.ts';

/** What of a bundle's security settings is for the guest. */
export interface GuestSecurity {
  /** Whether the guest applies the filters of system calls of specifications. Default true. */
  readonly seccomp?: boolean;
  /**
   * Whether the guest has SELinux; `label` replaces the labels of processes. Default: it has none, and labels are left out.
   */
  readonly selinux?: false | { readonly label?: string };
}

/** Facts that security settings are checked against. */
export interface SecurityFacts {
  /** Asks the guest. */
  readonly supportsSeccomp: () => Promise<boolean>;
  /** Default: looks at this machine. */
  readonly hostHasSelinux?: () => Promise<boolean>;
}

/** Where the kernel shows SELinux, see selinux(8). */
const selinuxSwitch = '/sys/fs/selinux/enforce';

/**
 * Checks that the guest can do what a specification asks of it. Errors: `invalid_options`, and those of the guest.
 * @param spec the container's
 * @param security what is for the guest
 * @param facts what host and guest can do
 */
export async function checkGuestSecurity(
  spec: OciSpec,
  { seccomp = true, selinux = false }: GuestSecurity,
  { supportsSeccomp, hostHasSelinux = () => canAccess(selinuxSwitch) }: SecurityFacts,
): Promise<void> {
  if (selinux !== false && !(await hostHasSelinux())) {
    throw new SandboxError('invalid_options', 'SELinux in the guest needs SELinux on the host', {
      remedy: 'set disable_guest_selinux',
    });
  }
  if (seccomp && spec.linux?.seccomp !== undefined && !(await supportsSeccomp())) {
    throw new SandboxError('invalid_options', 'the guest cannot filter system calls', {
      remedy: 'use --security-opt seccomp=unconfined, or a guest whose runtime and kernel have seccomp',
    });
  }
}

/**
 * The label of a process in the guest. Error: `invalid_options` for a label that is none.
 * @param given that of the specification
 * @param selinux as in {@link GuestSecurity}
 */
export function guestLabel(given: string, selinux: false | { readonly label?: string }): string {
  if (selinux === false || given === '') return '';
  if (selinux.label !== undefined && selinux.label !== '') return selinux.label;
  const [user, role, type, ...level] = given.split(':');
  if (user === undefined || role === undefined || type === undefined)
    throw new SandboxError('invalid_options', `SELinux label ${JSON.stringify(given)} is not user:role:type`);
  return [user, role, 'container_t', ...level].join(':');
}
