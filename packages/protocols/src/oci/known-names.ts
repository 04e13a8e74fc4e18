// SPDX-License-Identifier: Apache-2.0
import { ProtocolsError } from '../protocols-error.ts';

/** Capabilities without their prefix. Source: capabilities(7), Linux 5.9. */
const capabilities = new Set(
  (
    'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
    'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
    'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
    'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
  ).split(' '),
);

/** Source: getrlimit(2). */
const rlimits = new Set(
  'AS CORE CPU DATA FSIZE LOCKS MEMLOCK MSGQUEUE NICE NOFILE NPROC RSS RTPRIO RTTIME SIGPENDING STACK'
    .split(' ')
    .map((name) => `RLIMIT_${name}`),
);

/** Names of namespaces as agents accept them, with the name that the specification has for each. */
const namespaces: ReadonlyMap<string, string> = new Map([
  ['pid', 'pid'],
  ['network', 'network'],
  ['net', 'network'],
  ['mount', 'mount'],
  ['mnt', 'mount'],
  ['ipc', 'ipc'],
  ['uts', 'uts'],
  ['user', 'user'],
  ['cgroup', 'cgroup'],
]);

const deviceTypes = new Set(['b', 'c', 'u', 'p']);
const deviceRuleTypes = new Set(['a', 'b', 'c']);

/** Source: OCI runtime specification 1.2, config-linux.md, section Seccomp. */
const seccompActions = new Set(
  'KILL KILL_PROCESS KILL_THREAD TRAP ERRNO TRACE ALLOW LOG NOTIFY'
    .split(' ')
    .map((name) => `SCMP_ACT_${name}`),
);
const seccompArchitectures = new Set(
  (
    'NATIVE X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE ' +
    'S390 S390X PARISC PARISC64 RISCV64 LOONGARCH64 M68K SH SHEB'
  )
    .split(' ')
    .map((name) => `SCMP_ARCH_${name}`),
);
const seccompFlags = new Set(
  'TSYNC LOG SPEC_ALLOW WAIT_KILLABLE_RECV'.split(' ').map((name) => `SECCOMP_FILTER_FLAG_${name}`),
);
const seccompOperators = new Set('NE LT LE EQ GE GT MASKED_EQ'.split(' ').map((name) => `SCMP_CMP_${name}`));

function invalid(field: string, what: string, name: string): never {
  throw new ProtocolsError('invalid_spec', field, `is not ${what}: ${JSON.stringify(name)}`);
}

function checker(names: ReadonlySet<string>, what: string): (name: string, field: string) => string {
  return (name, field) => (names.has(name) ? name : invalid(field, what, name));
}

/** Gives `CAP_…` for a name with or without that prefix, and with or without quotes around it; throws `invalid_spec`. */
export function knownCapability(name: string, field: string): string {
  const bare = name.replace(/^"(.*)"$/, '$1').replace(/^CAP_/, '');
  return capabilities.has(bare) ? `CAP_${bare}` : invalid(field, 'a capability', name);
}

/** Gives the specification's name of a namespace, also for `mnt` and `net`; throws `invalid_spec`. */
export function knownNamespace(name: string, field: string): string {
  return namespaces.get(name) ?? invalid(field, 'a namespace', name);
}

/** Passes the name of a resource limit; throws `invalid_spec`. */
export const knownRlimit = checker(rlimits, 'a resource limit');

/** Passes the type of a device node; throws `invalid_spec`. */
export const knownDeviceType = checker(deviceTypes, 'a type of device');

/** Passes the type of a device rule; throws `invalid_spec`. */
export const knownDeviceRuleType = checker(deviceRuleTypes, 'a type of device rule');

/** Passes the name of a seccomp action; throws `invalid_spec`. */
export const knownSeccompAction = checker(seccompActions, 'a seccomp action');

/** Passes the name of a seccomp architecture; throws `invalid_spec`. */
export const knownSeccompArchitecture = checker(seccompArchitectures, 'a seccomp architecture');

/** Passes the name of a seccomp filter flag; throws `invalid_spec`. */
export const knownSeccompFlag = checker(seccompFlags, 'a seccomp flag');

/** Passes the name of a seccomp comparison; throws `invalid_spec`. */
export const knownSeccompOperator = checker(seccompOperators, 'a seccomp comparison');
