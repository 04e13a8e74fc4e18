// SPDX-License-Identifier: Apache-2.0
import type { OciHook, OciHooks } from './oci-hooks.ts';
import type { OciDevice, OciIdMapping, OciIntelRdt, OciLinux, OciNamespace } from './oci-linux.ts';
import type { OciCapabilities, OciConsoleSize, OciProcess, OciRlimit, OciUser } from './oci-process.ts';
import type {
  OciBlockIo,
  OciCpu,
  OciDeviceRule,
  OciHugepageLimit,
  OciInterfacePriority,
  OciMemory,
  OciNetwork,
  OciPids,
  OciResources,
  OciThrottleDevice,
  OciWeightDevice,
} from './oci-resources.ts';
import type { OciSeccomp, OciSyscall, OciSyscallArg } from './oci-seccomp.ts';
import type { OciMount, OciRoot, OciSpec } from './oci-spec.ts';
import { flag, integer, list, object, optional, text, textMap, wideInteger } from './shape.ts';

const texts = optional(list(text));
const someText = optional(text);
const someInteger = optional(integer);
const someWideInteger = optional(wideInteger);

const hooks = optional(
  list(object<OciHook>({ path: text, args: texts, env: texts, timeout: someWideInteger })),
);

const process = object<OciProcess>({
  terminal: optional(flag),
  consoleSize: optional(object<OciConsoleSize>({ height: integer, width: integer })),
  user: optional(
    object<OciUser>({
      uid: integer,
      gid: integer,
      additionalGids: optional(list(integer)),
      username: someText,
    }),
  ),
  args: texts,
  env: texts,
  cwd: text,
  capabilities: optional(
    object<OciCapabilities>({
      bounding: texts,
      effective: texts,
      inheritable: texts,
      permitted: texts,
      ambient: texts,
    }),
  ),
  rlimits: optional(list(object<OciRlimit>({ type: text, hard: wideInteger, soft: wideInteger }))),
  noNewPrivileges: optional(flag),
  apparmorProfile: someText,
  oomScoreAdj: someWideInteger,
  selinuxLabel: someText,
});

const throttle = optional(
  list(object<OciThrottleDevice>({ major: wideInteger, minor: wideInteger, rate: wideInteger })),
);

const resources = object<OciResources>({
  devices: optional(
    list(
      object<OciDeviceRule>({
        allow: flag,
        type: someText,
        major: someWideInteger,
        minor: someWideInteger,
        access: someText,
      }),
    ),
  ),
  memory: optional(
    object<OciMemory>({
      limit: someWideInteger,
      reservation: someWideInteger,
      swap: someWideInteger,
      kernel: someWideInteger,
      kernelTCP: someWideInteger,
      swappiness: someWideInteger,
      disableOOMKiller: optional(flag),
    }),
  ),
  cpu: optional(
    object<OciCpu>({
      shares: someWideInteger,
      quota: someWideInteger,
      period: someWideInteger,
      realtimeRuntime: someWideInteger,
      realtimePeriod: someWideInteger,
      cpus: someText,
      mems: someText,
    }),
  ),
  pids: optional(object<OciPids>({ limit: someWideInteger })),
  blockIO: optional(
    object<OciBlockIo>({
      weight: someInteger,
      leafWeight: someInteger,
      weightDevice: optional(
        list(
          object<OciWeightDevice>({
            major: wideInteger,
            minor: wideInteger,
            weight: someInteger,
            leafWeight: someInteger,
          }),
        ),
      ),
      throttleReadBpsDevice: throttle,
      throttleWriteBpsDevice: throttle,
      throttleReadIOPSDevice: throttle,
      throttleWriteIOPSDevice: throttle,
    }),
  ),
  hugepageLimits: optional(list(object<OciHugepageLimit>({ pageSize: text, limit: wideInteger }))),
  network: optional(
    object<OciNetwork>({
      classID: someInteger,
      priorities: optional(list(object<OciInterfacePriority>({ name: text, priority: integer }))),
    }),
  ),
});

const seccomp = object<OciSeccomp>({
  defaultAction: text,
  architectures: texts,
  flags: texts,
  syscalls: optional(
    list(
      object<OciSyscall>({
        names: list(text),
        action: text,
        errnoRet: someInteger,
        args: optional(
          list(
            object<OciSyscallArg>({
              index: integer,
              value: wideInteger,
              valueTwo: someWideInteger,
              op: text,
            }),
          ),
        ),
      }),
    ),
  ),
});

const idMappings = optional(
  list(object<OciIdMapping>({ containerID: integer, hostID: integer, size: integer })),
);

const linux = object<OciLinux>({
  uidMappings: idMappings,
  gidMappings: idMappings,
  sysctl: optional(textMap),
  resources: optional(resources),
  cgroupsPath: someText,
  namespaces: optional(list(object<OciNamespace>({ type: text, path: someText }))),
  devices: optional(
    list(
      object<OciDevice>({
        path: text,
        type: text,
        major: someWideInteger,
        minor: someWideInteger,
        fileMode: someInteger,
        uid: someInteger,
        gid: someInteger,
      }),
    ),
  ),
  seccomp: optional(seccomp),
  rootfsPropagation: someText,
  maskedPaths: texts,
  readonlyPaths: texts,
  mountLabel: someText,
  intelRdt: optional(object<OciIntelRdt>({ l3CacheSchema: someText })),
});

/** Shape of a whole container specification. */
export const ociSpecShape = object<OciSpec>({
  ociVersion: text,
  process: optional(process),
  root: optional(object<OciRoot>({ path: text, readonly: optional(flag) })),
  hostname: someText,
  mounts: optional(
    list(object<OciMount>({ destination: text, type: someText, source: someText, options: texts })),
  ),
  hooks: optional(
    object<OciHooks>({
      prestart: hooks,
      createRuntime: hooks,
      createContainer: hooks,
      startContainer: hooks,
      poststart: hooks,
      poststop: hooks,
    }),
  ),
  annotations: optional(textMap),
  linux: optional(linux),
});
