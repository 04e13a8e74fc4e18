// SPDX-License-Identifier: Apache-2.0
import type { OciSpec } from '@hako/protocols';
import { expect, test } from 'vitest';

import type { CapabilityChoices } from './capability-set.ts';
import { decideSeccomp, type ConditionalSyscall, type SeccompProfile } from './seccomp-profile.ts';
import { applyChoices, type SpecChoices } from './spec-choices.ts';

const set = ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW'];
const spec: OciSpec = {
  ociVersion: '1.1.0',
  root: { path: '/r', readonly: false },
  process: {
    cwd: '/',
    capabilities: { bounding: set, effective: set, permitted: set, ambient: ['CAP_KILL'] },
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1, hard: 2 }],
  },
  linux: { sysctl: { 'kernel.sem': '1' }, seccomp: { defaultAction: 'SCMP_ACT_KILL' } },
};
const capabilities = (bounding: readonly string[], ambient: readonly string[]): object => ({
  process: { capabilities: { bounding, effective: bounding, permitted: bounding, ambient } },
});

test.for<{ name: string; choices: SpecChoices; gives: object }>([
  { name: 'nothing', choices: {}, gives: spec },
  { name: 'a read-only root', choices: { readOnly: true }, gives: { root: { path: '/r', readonly: true } } },
  {
    name: 'one capability more and one less',
    choices: { capabilities: { add: ['net_admin', 'CAP_KILL'], drop: ['CAP_CHOWN'] } },
    gives: capabilities(['CAP_KILL', 'CAP_NET_RAW', 'CAP_NET_ADMIN'], ['CAP_KILL']),
  },
  {
    name: 'no capabilities but one',
    choices: { capabilities: { add: ['chown'], drop: ['all'] } },
    gives: capabilities(['CAP_CHOWN'], []),
  },
  {
    name: 'all capabilities but one',
    choices: { capabilities: { add: ['ALL'], drop: ['sys_admin'] } },
    gives: {
      process: {
        capabilities: {
          bounding: expect.not.arrayContaining(['CAP_SYS_ADMIN']) as unknown,
          effective: expect.arrayContaining(['CAP_NET_ADMIN', 'CAP_CHECKPOINT_RESTORE']) as unknown,
        },
      },
    },
  },
  {
    name: 'limits of a process',
    choices: {
      rlimits: [
        { name: 'nofile', soft: 10, hard: 20 },
        { name: 'core', soft: 0, hard: 'unlimited' },
      ],
    },
    gives: {
      process: {
        rlimits: [
          { type: 'RLIMIT_NOFILE', soft: 10n, hard: 20n },
          { type: 'RLIMIT_CORE', soft: 0n, hard: 18_446_744_073_709_551_615n },
        ],
      },
    },
  },
  {
    name: 'kernel parameters',
    choices: { sysctls: { 'net.ipv4.ip_forward': '1', 'kernel.sem': '2' } },
    gives: { linux: { sysctl: { 'kernel.sem': '2', 'net.ipv4.ip_forward': '1' } } },
  },
  { name: 'no filter', choices: { seccomp: 'unconfined' }, gives: { linux: { seccomp: undefined } } },
  {
    name: 'a filter',
    choices: { seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } },
    gives: { linux: { seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } } },
  },
  {
    name: 'no new privileges',
    choices: { noNewPrivileges: true },
    gives: { process: { noNewPrivileges: true } },
  },
])('choosing $name', ({ choices, gives }) => {
  const before = structuredClone(spec);
  expect(applyChoices(spec, choices)).toMatchObject(gives);
  expect(spec).toEqual(before);
});

const conditional: SeccompProfile = {
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [
    { names: ['read'], action: 'SCMP_ACT_ALLOW' },
    { names: ['chown'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_CHOWN'] } },
    { names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
    { names: ['both'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_CHOWN', 'CAP_SYS_ADMIN'] } },
    { names: ['clone'], action: 'SCMP_ACT_ALLOW', excludes: { caps: ['CAP_SYS_ADMIN'], arches: ['mips'] } },
  ],
};

test.for<{ name: string; capabilities?: CapabilityChoices; allows: readonly string[] }>([
  { name: 'has without a word', allows: ['read', 'chown', 'clone'] },
  {
    name: 'has with one more',
    capabilities: { add: ['sys_admin'] },
    allows: ['read', 'chown', 'mount', 'both'],
  },
  { name: 'has with all', capabilities: { add: ['ALL'] }, allows: ['read', 'chown', 'mount', 'both'] },
  { name: 'has with one less', capabilities: { drop: ['CHOWN'] }, allows: ['read', 'clone'] },
  { name: 'has with none', capabilities: { drop: ['ALL'] }, allows: ['read', 'clone'] },
])('the conditions of a filter go by what a container $name', ({ capabilities, allows }) => {
  const { linux } = applyChoices(spec, { seccomp: conditional, ...(capabilities && { capabilities }) });
  const syscalls = allows.map((name) => ({ names: [name], action: 'SCMP_ACT_ALLOW' }));
  expect(linux?.seccomp).toEqual({ defaultAction: 'SCMP_ACT_ERRNO', syscalls });
});

test('to the conditions of a filter, a process without capabilities may have all of them', () => {
  const { linux } = applyChoices({ ...spec, process: { cwd: '/' } }, { seccomp: conditional });
  const names = linux?.seccomp?.syscalls?.flatMap((rule) => rule.names);
  expect(names).toEqual(['read', 'chown', 'mount', 'both']);
});

test('the conditions of a filter go by the architecture', () => {
  const rule = (name: string, more: object): ConditionalSyscall => {
    return { names: [name], action: 'SCMP_ACT_ALLOW', ...more };
  };
  const profile = {
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [
      rule('here', { includes: { arches: ['arm', 'arm64'] } }),
      rule('elsewhere', { includes: { arches: ['amd64'] } }),
      rule('not elsewhere', { excludes: { arches: ['amd64'] } }),
      rule('not here', { excludes: { arches: ['arm64'] } }),
    ],
  };
  const { syscalls } = decideSeccomp(profile, { capabilities: [], architecture: 'arm64' });
  expect(syscalls?.flatMap(({ names }) => names)).toEqual(['here', 'not elsewhere']);
});

test('a process without capabilities has all of them to drop from', () => {
  const { process } = applyChoices(
    { ...spec, process: { cwd: '/' } },
    { capabilities: { drop: ['NET_RAW'] } },
  );
  expect(process?.capabilities?.bounding).toHaveLength(40);
  expect(process?.capabilities?.bounding).not.toContain('CAP_NET_RAW');
});

test.for<{ choices: SpecChoices; says: string }>([
  { choices: { capabilities: { add: ['FLY'] } }, says: 'there is no capability "FLY"' },
  { choices: { capabilities: { drop: ['CAP_'] } }, says: 'there is no capability "CAP_"' },
  { choices: { rlimits: [{ name: 'files', soft: 1, hard: 1 }] }, says: 'there is no limit "files"' },
  {
    choices: { rlimits: [{ name: 'nofile', soft: 2, hard: 1 }] },
    says: 'the soft limit of nofile is above the hard one',
  },
  { choices: { rlimits: [{ name: 'nofile', soft: -1, hard: 1 }] }, says: 'a limit of -1 is not possible' },
  {
    choices: { rlimits: [{ name: 'nofile', soft: 'unlimited', hard: 1 }] },
    says: 'the soft limit of nofile',
  },
  { choices: { sysctls: { 'vm.swappiness': '1' } }, says: 'sysctl "vm.swappiness=1" is not usable' },
  { choices: { sysctls: { 'net./../kernel/x': '1' } }, says: 'is not usable' },
  { choices: { sysctls: { 'kernel.sem': 'a\nb' } }, says: 'is not usable' },
])('refused: $says', ({ choices, says }) => {
  expect(() => applyChoices(spec, choices)).toThrow(says);
});
