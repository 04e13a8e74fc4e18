// SPDX-License-Identifier: Apache-2.0
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Spec } from '../generated/oci.ts';
import { fromInt64 } from './integer.ts';
import { parseOciSpec, stringifyOciSpec } from './oci-spec-json.ts';
import type { OciSpec } from './oci-spec.ts';
import { grpcToOciSpec } from './spec-from-grpc.ts';
import { ociSpecToGrpc } from './spec-to-grpc.ts';

const text = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' });
const uint32 = fc.nat({ max: 2 ** 32 - 1 });
const positive32 = fc.integer({ min: 1, max: 2 ** 32 - 1 });
const positive64 = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map(fromInt64);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(fromInt64);
const deviceNumber = fc.bigInt({ min: 0n, max: 2n ** 32n }).map(fromInt64);
const list = <T>(entry: fc.Arbitrary<T>) => fc.array(entry, { minLength: 1, maxLength: 3 });
const texts = list(text);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const map = fc.dictionary(
  text.filter((key) => key !== '__proto__'),
  fc.string({ unit: 'grapheme' }),
  { minKeys: 1, maxKeys: 3 },
);

const capability = fc.constantFrom('CAP_CHOWN', 'CAP_NET_RAW', 'CAP_BPF');
const capabilitySet = fc.array(capability, { maxLength: 3 });

const process = fc.record({
  terminal: fc.boolean(),
  consoleSize: maybe(fc.record({ height: positive32, width: uint32 })),
  user: fc.record({ uid: uint32, gid: uint32, additionalGids: maybe(list(uint32)), username: maybe(text) }),
  args: maybe(texts),
  env: maybe(texts),
  cwd: text,
  capabilities: maybe(
    fc.record({
      bounding: capabilitySet,
      effective: capabilitySet,
      inheritable: capabilitySet,
      permitted: capabilitySet,
      ambient: capabilitySet,
    }),
  ),
  rlimits: maybe(
    list(fc.record({ type: fc.constantFrom('RLIMIT_NOFILE', 'RLIMIT_AS'), hard: uint64, soft: uint64 })),
  ),
  noNewPrivileges: fc.boolean(),
  apparmorProfile: maybe(text),
  oomScoreAdj: maybe(fc.integer({ min: -1000, max: 1000 }).filter((score) => score !== 0)),
  selinuxLabel: maybe(text),
});

const throttle = maybe(list(fc.record({ major: deviceNumber, minor: deviceNumber, rate: uint64 })));

const resources = fc.record({
  devices: maybe(
    list(
      fc.record({
        allow: fc.boolean(),
        type: fc.constantFrom('a', 'b', 'c'),
        major: maybe(deviceNumber),
        minor: maybe(deviceNumber),
        access: maybe(fc.constantFrom('r', 'rwm')),
      }),
    ),
  ),
  memory: maybe(
    fc.record({
      limit: maybe(positive64),
      reservation: maybe(positive64),
      swap: maybe(positive64),
      kernel: maybe(positive64),
      kernelTCP: maybe(positive64),
      swappiness: maybe(positive64),
      disableOOMKiller: fc.boolean(),
    }),
  ),
  cpu: maybe(
    fc.record({
      shares: maybe(positive64),
      quota: maybe(positive64),
      period: maybe(positive64),
      realtimeRuntime: maybe(positive64),
      realtimePeriod: maybe(positive64),
      cpus: maybe(text),
      mems: maybe(text),
    }),
  ),
  pids: maybe(fc.record({ limit: positive64 })),
  blockIO: maybe(
    fc.record({
      weight: maybe(positive32),
      leafWeight: maybe(positive32),
      weightDevice: maybe(
        list(
          fc.record({
            major: deviceNumber,
            minor: deviceNumber,
            weight: maybe(positive32),
            leafWeight: maybe(positive32),
          }),
        ),
      ),
      throttleReadBpsDevice: throttle,
      throttleWriteBpsDevice: throttle,
      throttleReadIOPSDevice: throttle,
      throttleWriteIOPSDevice: throttle,
    }),
  ),
  hugepageLimits: maybe(list(fc.record({ pageSize: text, limit: uint64 }))),
  network: maybe(
    fc.record({
      classID: maybe(positive32),
      priorities: maybe(list(fc.record({ name: text, priority: uint32 }))),
    }),
  ),
});

const seccomp = fc.record({
  defaultAction: fc.constantFrom('SCMP_ACT_ERRNO', 'SCMP_ACT_ALLOW'),
  architectures: maybe(list(fc.constant('SCMP_ARCH_X86_64'))),
  flags: maybe(list(fc.constant('SECCOMP_FILTER_FLAG_LOG'))),
  syscalls: maybe(
    list(
      fc.record({
        names: texts,
        action: fc.constantFrom('SCMP_ACT_ERRNO', 'SCMP_ACT_KILL_PROCESS'),
        errnoRet: maybe(uint32),
        args: maybe(
          list(
            fc.record({
              index: fc.nat({ max: 5 }),
              value: uint64,
              valueTwo: maybe(positive64),
              op: fc.constantFrom('SCMP_CMP_EQ', 'SCMP_CMP_MASKED_EQ'),
            }),
          ),
        ),
      }),
    ),
  ),
});

const mappings = maybe(list(fc.record({ containerID: uint32, hostID: uint32, size: uint32 })));
const hooks = maybe(
  list(fc.record({ path: text, args: maybe(texts), env: maybe(texts), timeout: maybe(positive64) })),
);

/** Specifications in the form in which the wire can carry them: nothing empty, nothing zero that means "absent". */
const specification: fc.Arbitrary<OciSpec> = fc.record({
  ociVersion: text,
  process: maybe(process),
  root: maybe(fc.record({ path: text, readonly: fc.boolean() })),
  hostname: maybe(text),
  mounts: maybe(
    list(fc.record({ destination: text, type: maybe(text), source: maybe(text), options: maybe(texts) })),
  ),
  hooks: maybe(
    fc.record({
      prestart: hooks,
      createRuntime: hooks,
      createContainer: hooks,
      startContainer: hooks,
      poststart: hooks,
      poststop: hooks,
    }),
  ),
  annotations: maybe(map),
  linux: maybe(
    fc.record({
      uidMappings: mappings,
      gidMappings: mappings,
      sysctl: maybe(map),
      resources: maybe(resources),
      cgroupsPath: maybe(text),
      namespaces: maybe(
        list(fc.record({ type: fc.constantFrom('pid', 'network', 'mount', 'uts'), path: maybe(text) })),
      ),
      devices: maybe(
        list(
          fc.record({
            path: text,
            type: fc.constantFrom('b', 'c', 'u', 'p'),
            major: deviceNumber,
            minor: deviceNumber,
            fileMode: maybe(positive32),
            uid: uint32,
            gid: uint32,
          }),
        ),
      ),
      seccomp: maybe(seccomp),
      rootfsPropagation: maybe(text),
      maskedPaths: maybe(texts),
      readonlyPaths: maybe(texts),
      mountLabel: maybe(text),
      intelRdt: maybe(fc.record({ l3CacheSchema: maybe(text) })),
    }),
  ),
});

test('a specification survives the way over the wire', () => {
  fc.assert(
    fc.property(specification, (spec) => {
      const wire = Spec.encode(ociSpecToGrpc(spec)).finish();
      expect(grpcToOciSpec(Spec.decode(wire))).toEqual(spec);
    }),
    { numRuns: 500 },
  );
});

test('a specification survives being written to config.json and read back, 64-bit numbers included', () => {
  fc.assert(
    fc.property(specification, (spec) => {
      expect(parseOciSpec(stringifyOciSpec(spec))).toEqual(spec);
    }),
    { numRuns: 500 },
  );
});
