// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { Spec, type DeepPartial } from '../generated/oci.ts';
import { ProtocolsError } from '../protocols-error.ts';
import type { OciSpec } from './oci-spec.ts';
import { grpcToOciSpec } from './spec-from-grpc.ts';

const read = (message: DeepPartial<Spec>): OciSpec => grpcToOciSpec(Spec.fromPartial(message));
const resources = (message: DeepPartial<NonNullable<Spec['Linux']>['Resources']>) =>
  read({ Linux: { Resources: message } }).linux?.resources;

describe('numbers that cannot say "absent"', () => {
  test.each([0n, -1n])('a memory limit of %s is no limit', (Limit) => {
    expect(resources({ Memory: { Limit } })?.memory?.limit).toBeUndefined();
  });

  test.each([0n, -1n])('a process limit of %s is no limit', (Limit) => {
    expect(resources({ Pids: { Limit } })?.pids).toBeUndefined();
  });

  test('a process limit above zero is kept', () => {
    expect(resources({ Pids: { Limit: 64n } })?.pids).toEqual({ limit: 64 });
  });

  test('disabling the OOM killer is always taken', () => {
    expect(resources({ Memory: {} })?.memory?.disableOOMKiller).toBe(false);
  });

  test('an OOM score of zero is absent', () => {
    expect(read({ Process: { OOMScoreAdj: 0n } }).process?.oomScoreAdj).toBeUndefined();
  });

  test('a limit above 2^53 keeps all its digits', () => {
    expect(resources({ Memory: { Limit: 9_223_372_036_854_771_712n } })?.memory?.limit).toBe(
      9_223_372_036_854_771_712n,
    );
  });
});

describe('device rules', () => {
  test('negative numbers are wildcards and zero is a number', () => {
    expect(resources({ Devices: [{ Type: 'c', Major: -1n, Minor: 0n, Allow: true }] })?.devices).toEqual([
      { type: 'c', minor: 0, allow: true },
    ]);
  });

  test('a rule without a type concerns all devices', () => {
    expect(resources({ Devices: [{ Access: 'rwm' }] })?.devices?.[0]?.type).toBe('a');
  });
});

describe('seccomp', () => {
  const errno = (ErrnoRet: { $case: 'errnoret'; value: number } | undefined) =>
    read({
      Linux: {
        Seccomp: {
          DefaultAction: 'SCMP_ACT_ALLOW',
          Syscalls: [{ Names: ['mount'], Action: 'SCMP_ACT_ERRNO', ErrnoRet }],
        },
      },
    }).linux?.seccomp?.syscalls?.[0]?.errnoRet;

  test.each([
    ['left unset', undefined, undefined],
    ['set to zero', { $case: 'errnoret', value: 0 } as const, 0],
    ['set', { $case: 'errnoret', value: 38 } as const, 38],
  ])('an error number that is %s stays so', (_how, given, expected) => {
    expect(errno(given)).toBe(expected);
  });
});

describe('process', () => {
  test('absent capabilities stay absent, empty ones drop all', () => {
    expect(read({ Process: {} }).process?.capabilities).toBeUndefined();
    expect(read({ Process: { Capabilities: {} } }).process?.capabilities?.bounding).toEqual([]);
  });

  test.each(['CAP_NET_RAW', 'NET_RAW', '"CAP_NET_RAW"'])('the capability %s is understood', (name) => {
    expect(read({ Process: { Capabilities: { Bounding: [name] } } }).process?.capabilities?.bounding).toEqual(
      ['CAP_NET_RAW'],
    );
  });

  test('a user that was not sent is root', () => {
    expect(read({ Process: {} }).process?.user).toEqual({ uid: 0, gid: 0 });
  });
});

test('poststop hooks are their own list', () => {
  const { hooks } = read({ Hooks: { Poststart: [{ Path: '/a' }], Poststop: [{ Path: '/b', Timeout: 3n }] } });
  expect(hooks).toEqual({ poststart: [{ path: '/a' }], poststop: [{ path: '/b', timeout: 3 }] });
});

test('an empty section of hooks is still a section', () => {
  expect(read({ Hooks: {} }).hooks).toBeDefined();
  expect(read({}).hooks).toBeUndefined();
});

test.each([
  ['mnt', 'mount'],
  ['net', 'network'],
  ['cgroup', 'cgroup'],
])('the namespace %s is called %s', (sent, name) => {
  expect(read({ Linux: { Namespaces: [{ Type: sent }] } }).linux?.namespaces).toEqual([{ type: name }]);
});

test.each<[string, DeepPartial<Spec>, string]>([
  ['capability', { Process: { Capabilities: { Ambient: ['CAP_FLY'] } } }, 'process.capabilities.ambient[0]'],
  ['resource limit', { Process: { Rlimits: [{ Type: 'RLIMIT_FUN' }] } }, 'process.rlimits[0].type'],
  ['namespace', { Linux: { Namespaces: [{ Type: 'time' }] } }, 'linux.namespaces[0].type'],
  ['type of device', { Linux: { Devices: [{ Type: 'q' }] } }, 'linux.devices[0].type'],
  [
    'type of device rule',
    { Linux: { Resources: { Devices: [{ Type: 'x' }] } } },
    'linux.resources.devices[0].type',
  ],
  ['default action', { Linux: { Seccomp: { DefaultAction: 'NO' } } }, 'linux.seccomp.defaultAction'],
  [
    'comparison',
    {
      Linux: {
        Seccomp: {
          DefaultAction: 'SCMP_ACT_LOG',
          Syscalls: [{ Action: 'SCMP_ACT_LOG', Args: [{ Op: '~' }] }],
        },
      },
    },
    'linux.seccomp.syscalls[0].args[0].op',
  ],
  [
    'argument index',
    {
      Linux: {
        Seccomp: {
          DefaultAction: 'SCMP_ACT_LOG',
          Syscalls: [{ Action: 'SCMP_ACT_LOG', Args: [{ Index: 6n, Op: 'SCMP_CMP_EQ' }] }],
        },
      },
    },
    'linux.seccomp.syscalls[0].args[0].index',
  ],
  [
    'architecture',
    { Linux: { Seccomp: { DefaultAction: 'SCMP_ACT_LOG', Architectures: ['VAX'] } } },
    'linux.seccomp.architectures[0]',
  ],
  ['flag', { Linux: { Seccomp: { DefaultAction: 'SCMP_ACT_LOG', Flags: ['X'] } } }, 'linux.seccomp.flags[0]'],
])('an unknown %s is refused, and named', (_what, message, field) => {
  const attempt = () => read(message);
  expect(attempt).toThrow(ProtocolsError);
  expect(attempt).toThrow(expect.objectContaining({ code: 'invalid_spec', field }));
});
