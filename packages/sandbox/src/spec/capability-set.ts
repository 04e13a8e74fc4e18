// SPDX-License-Identifier: Apache-2.0
import type { OciCapabilities } from '@hako/protocols';

import { SandboxError } from '../sandbox-error.ts';

/** Capabilities to give and to take; names with or without `CAP_` in any case, and `ALL`. */
export interface CapabilityChoices {
  readonly add?: readonly string[];
  readonly drop?: readonly string[];
}

/** Source: linux/capability.h, Linux 5.9 and later; see capabilities(7). */
const known: readonly string[] =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST
  NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE
  SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM
  BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`
    .split(/\s+/)
    .map((name) => `CAP_${name}`);

const everything = 'CAP_ALL';

/**
 * All that a process can come to have; everything if nothing is said, as the agent has it.
 * @param present what its specification says
 */
export function boundingSet(present: OciCapabilities | undefined): readonly string[] {
  return present === undefined ? known : (present.bounding ?? []);
}

/**
 * Changes the capabilities of a process: what is added counts more than what is dropped, except that `ALL` is replaced first.
 * Error: `invalid_options` for a name there is not.
 * @param present what it would have; `undefined`: everything, as the OCI has it
 * @param choices the changes
 */
export function changeCapabilities(
  present: OciCapabilities | undefined,
  choices: CapabilityChoices,
): OciCapabilities {
  const add = (choices.add ?? []).map(capabilityName);
  const drop = (choices.drop ?? []).map(capabilityName);
  const change = (set: readonly string[]): string[] => {
    const start = add.includes(everything) ? known : drop.includes(everything) ? [] : set;
    const kept = start.filter((name) => !drop.includes(name));
    return [...new Set([...kept, ...add.filter((name) => name !== everything)])];
  };
  const keep = (set: readonly string[]): string[] =>
    drop.includes(everything)
      ? set.filter((name) => add.includes(name))
      : set.filter((name) => !drop.includes(name));
  const all = { bounding: [...known], effective: [...known], permitted: [...known] };
  const {
    bounding = [],
    effective = [],
    permitted = [],
    inheritable,
    ambient,
  }: OciCapabilities = present ?? all;
  return {
    bounding: change(bounding),
    effective: change(effective),
    permitted: change(permitted),
    ...(inheritable === undefined ? {} : { inheritable: keep(inheritable) }),
    ...(ambient === undefined ? {} : { ambient: keep(ambient) }),
  };
}

/**
 * The full name of a capability. Error: `invalid_options`.
 * @param text with or without `CAP_`, in any case; `ALL`
 */
function capabilityName(text: string): string {
  const upper = text.toUpperCase();
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (name === everything || known.includes(name)) return name;
  throw new SandboxError('invalid_options', `there is no capability ${JSON.stringify(text)}`, {
    remedy: 'use a name of capabilities(7), such as NET_ADMIN, or ALL',
  });
}
