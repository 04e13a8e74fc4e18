// SPDX-License-Identifier: Apache-2.0
export { agentPortName, outputPortNames, sharedDirectoryTag } from './channel-names.ts';
export { guestBundlePath, guestPaths, guestRootfsPath } from './guest-paths.ts';
export { agentPorts, traceExportPort } from './ports.ts';
export { ProtocolsError } from './protocols-error.ts';
export type { ProtocolsErrorCode } from './protocols-error.ts';
export { GRPC_API_VERSION, KATA_API_RELEASE } from './versions.ts';
export { copyFileChunkBytes, maxMessageBytes, readStreamBytes } from './wire-limits.ts';
export { ociSpecToGrpc } from './oci/spec-to-grpc.ts';
export { grpcToOciSpec } from './oci/spec-from-grpc.ts';
export { ociResourcesToGrpc } from './oci/resources-to-grpc.ts';
export { grpcToOciResources } from './oci/resources-from-grpc.ts';
export { ociProcessToGrpc } from './oci/process-to-grpc.ts';
export { grpcToOciProcess } from './oci/process-from-grpc.ts';
export {
  parseOciSpec,
  stringifyOciProcess,
  stringifyOciResources,
  stringifyOciSpec,
} from './oci/oci-spec-json.ts';
export type { OciInteger } from './oci/integer.ts';
export type { OciMount, OciRoot, OciSpec } from './oci/oci-spec.ts';
export type { OciHook, OciHooks } from './oci/oci-hooks.ts';
export type { OciCapabilities, OciConsoleSize, OciProcess, OciRlimit, OciUser } from './oci/oci-process.ts';
export type { OciDevice, OciIdMapping, OciIntelRdt, OciLinux, OciNamespace } from './oci/oci-linux.ts';
export type {
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
} from './oci/oci-resources.ts';
export type { OciSeccomp, OciSyscall, OciSyscallArg } from './oci/oci-seccomp.ts';
