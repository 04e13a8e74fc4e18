// SPDX-License-Identifier: Apache-2.0
import type { Linux, LinuxIDMapping, LinuxSeccomp } from '../generated/oci.ts';
import { toInt64, toUint32, toUint64 } from './integer.ts';
import type { OciIdMapping, OciLinux } from './oci-linux.ts';
import type { OciSeccomp } from './oci-seccomp.ts';
import { ociResourcesToGrpc } from './resources-to-grpc.ts';

function mappingsToGrpc(mappings: readonly OciIdMapping[] | undefined, field: string): LinuxIDMapping[] {
  return (mappings ?? []).map((mapping, index) => ({
    HostID: toUint32(mapping.hostID, `${field}[${index}].hostID`),
    ContainerID: toUint32(mapping.containerID, `${field}[${index}].containerID`),
    Size: toUint32(mapping.size, `${field}[${index}].size`),
  }));
}

function seccompToGrpc(seccomp: OciSeccomp): LinuxSeccomp {
  return {
    DefaultAction: seccomp.defaultAction,
    Architectures: seccomp.architectures ?? [],
    Flags: seccomp.flags ?? [],
    Syscalls: (seccomp.syscalls ?? []).map((rule, index) => {
      const field = `linux.seccomp.syscalls[${index}]`;
      return {
        Names: rule.names,
        Action: rule.action,
        ErrnoRet:
          rule.errnoRet === undefined
            ? undefined
            : { $case: 'errnoret', value: toUint32(rule.errnoRet, `${field}.errnoRet`) },
        Args: (rule.args ?? []).map((arg, position) => ({
          Index: toUint64(arg.index, `${field}.args[${position}].index`),
          Value: toUint64(arg.value, `${field}.args[${position}].value`),
          ValueTwo: toUint64(arg.valueTwo, `${field}.args[${position}].valueTwo`),
          Op: arg.op,
        })),
      };
    }),
  };
}

/** Gives the Linux part of a container specification as a message. Throws `invalid_spec` for a number out of range. */
export function linuxToGrpc(linux: OciLinux): Linux {
  return {
    UIDMappings: mappingsToGrpc(linux.uidMappings, 'linux.uidMappings'),
    GIDMappings: mappingsToGrpc(linux.gidMappings, 'linux.gidMappings'),
    Sysctl: linux.sysctl ?? {},
    Resources: linux.resources && ociResourcesToGrpc(linux.resources),
    CgroupsPath: linux.cgroupsPath ?? '',
    Namespaces: (linux.namespaces ?? []).map(({ type, path }) => ({ Type: type, Path: path ?? '' })),
    Devices: (linux.devices ?? []).map((device, index) => {
      const field = `linux.devices[${index}]`;
      return {
        Path: device.path,
        Type: device.type,
        Major: toInt64(device.major, `${field}.major`),
        Minor: toInt64(device.minor, `${field}.minor`),
        FileMode: toUint32(device.fileMode, `${field}.fileMode`),
        UID: toUint32(device.uid, `${field}.uid`),
        GID: toUint32(device.gid, `${field}.gid`),
      };
    }),
    Seccomp: linux.seccomp && seccompToGrpc(linux.seccomp),
    RootfsPropagation: linux.rootfsPropagation ?? '',
    MaskedPaths: linux.maskedPaths ?? [],
    ReadonlyPaths: linux.readonlyPaths ?? [],
    MountLabel: linux.mountLabel ?? '',
    IntelRdt: linux.intelRdt && { L3CacheSchema: linux.intelRdt.l3CacheSchema ?? '' },
  };
}
