// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import type { OciCapabilities, OciProcess } from '@hako/protocols';
import { AgentError } from '../errors/agent-error.ts';

/** Capability names by number. Source: <linux/capability.h>, Linux 5.9 and later. */
const names =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
  NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT
  SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
  WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`
    .split(/\s+/)
    .map((name) => `CAP_${name}`);

/** The capabilities in a mask such as `000001ffffffffff`. */
export function capabilitiesOfMask(mask: string): string[] {
  const bits = BigInt(`0x${mask}`);
  return names.filter((_name, number) => ((bits >> BigInt(number)) & 1n) === 1n);
}

/** The capabilities the agent itself may pass on, from the text of `/proc/self/status`. */
export async function ownCapabilities(statusFile = '/proc/self/status'): Promise<string[]> {
  const mask = /^CapBnd:\s*([0-9a-f]+)$/m.exec(await readFile(statusFile, 'utf8'))?.[1];
  if (mask === undefined) throw new AgentError('system_failed', `${statusFile} has no CapBnd line`);
  return capabilitiesOfMask(mask);
}

/**
 * Spells out what a specification without capabilities means: nothing is dropped. Root keeps everything; another user has
 * nothing at hand, but set-user-id programs still work.
 */
export function keepAllCapabilities(process: OciProcess, all: readonly string[]): OciProcess {
  if (process.capabilities !== undefined) return process;
  const isRoot = (process.user?.uid ?? 0) === 0;
  const effective = isRoot ? [...all] : [];
  const capabilities: OciCapabilities = { bounding: [...all], effective, permitted: effective };
  return { ...process, capabilities };
}

/**
 * Gives an exec without capabilities those of its container.
 *
 * @throws AgentError `invalid_request` when neither has any
 */
export function borrowCapabilities(process: OciProcess, container: OciProcess | undefined): OciProcess {
  if (process.capabilities !== undefined) return process;
  const capabilities = container?.capabilities;
  if (capabilities === undefined) {
    throw new AgentError('invalid_request', 'neither the process nor its container has capabilities');
  }
  return { ...process, capabilities };
}
