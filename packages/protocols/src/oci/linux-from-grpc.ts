// SPDX-License-Identifier: Apache-2.0
import type { Linux, LinuxIDMapping } from '../generated/oci.ts';
import { givenList, givenMap, givenNumber, givenText } from './absence.ts';
import { fromInt64 } from './integer.ts';
import { knownDeviceType, knownNamespace } from './known-names.ts';
import type { OciIdMapping, OciLinux } from './oci-linux.ts';
import { grpcToOciResources } from './resources-from-grpc.ts';
import { seccompFromGrpc } from './seccomp-from-grpc.ts';

function mappingsFromGrpc(mappings: readonly LinuxIDMapping[]): OciIdMapping[] | undefined {
  return givenList(
    mappings.map((mapping) => ({
      containerID: mapping.ContainerID,
      hostID: mapping.HostID,
      size: mapping.Size,
    })),
  );
}

/** Reads the Linux part of a container specification. Throws `invalid_spec` for unknown namespaces and device types. */
export function linuxFromGrpc(linux: Linux): OciLinux {
  return {
    uidMappings: mappingsFromGrpc(linux.UIDMappings),
    gidMappings: mappingsFromGrpc(linux.GIDMappings),
    sysctl: givenMap(linux.Sysctl),
    resources: linux.Resources && grpcToOciResources(linux.Resources),
    cgroupsPath: givenText(linux.CgroupsPath),
    namespaces: givenList(
      linux.Namespaces.map((namespace, index) => ({
        type: knownNamespace(namespace.Type, `linux.namespaces[${index}].type`),
        path: givenText(namespace.Path),
      })),
    ),
    devices: givenList(
      linux.Devices.map((device, index) => ({
        path: device.Path,
        type: knownDeviceType(device.Type, `linux.devices[${index}].type`),
        major: fromInt64(device.Major),
        minor: fromInt64(device.Minor),
        fileMode: givenNumber(device.FileMode),
        uid: device.UID,
        gid: device.GID,
      })),
    ),
    seccomp: linux.Seccomp && seccompFromGrpc(linux.Seccomp),
    rootfsPropagation: givenText(linux.RootfsPropagation),
    maskedPaths: givenList(linux.MaskedPaths),
    readonlyPaths: givenList(linux.ReadonlyPaths),
    mountLabel: givenText(linux.MountLabel),
    intelRdt: linux.IntelRdt && { l3CacheSchema: givenText(linux.IntelRdt.L3CacheSchema) },
  };
}
