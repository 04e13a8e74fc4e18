// SPDX-License-Identifier: Apache-2.0
import type { Box, LinuxCapabilities, Process } from '../generated/oci.ts';
import { givenList, givenText } from './absence.ts';
import { fromInt64 } from './integer.ts';
import { knownCapability, knownRlimit } from './known-names.ts';
import type { OciCapabilities, OciConsoleSize, OciProcess } from './oci-process.ts';

function capabilitiesFromGrpc(sets: LinuxCapabilities): OciCapabilities {
  const set = (names: readonly string[], name: string): string[] =>
    names.map((entry, index) => knownCapability(entry, `process.capabilities.${name}[${index}]`));
  return {
    bounding: set(sets.Bounding, 'bounding'),
    effective: set(sets.Effective, 'effective'),
    inheritable: set(sets.Inheritable, 'inheritable'),
    permitted: set(sets.Permitted, 'permitted'),
    ambient: set(sets.Ambient, 'ambient'),
  };
}

function consoleSizeFromGrpc(box: Box | undefined): OciConsoleSize | undefined {
  return box && (box.Height > 0 || box.Width > 0) ? { height: box.Height, width: box.Width } : undefined;
}

/**
 * Reads a process back from the message of ExecProcess or CreateContainer.
 *
 * Absent capabilities stay absent; present but empty sets drop every capability. Throws `invalid_spec` for unknown
 * names of capabilities and limits.
 */
export function grpcToOciProcess(process: Process): OciProcess {
  const { User: user } = process;
  return {
    terminal: process.Terminal,
    consoleSize: consoleSizeFromGrpc(process.ConsoleSize),
    user: {
      uid: user?.UID ?? 0,
      gid: user?.GID ?? 0,
      additionalGids: givenList(user?.AdditionalGids ?? []),
      username: givenText(user?.Username ?? ''),
    },
    args: givenList(process.Args),
    env: givenList(process.Env),
    cwd: process.Cwd,
    capabilities: process.Capabilities && capabilitiesFromGrpc(process.Capabilities),
    rlimits: givenList(
      process.Rlimits.map((limit, index) => ({
        type: knownRlimit(limit.Type, `process.rlimits[${index}].type`),
        hard: fromInt64(limit.Hard),
        soft: fromInt64(limit.Soft),
      })),
    ),
    noNewPrivileges: process.NoNewPrivileges,
    apparmorProfile: givenText(process.ApparmorProfile),
    oomScoreAdj: process.OOMScoreAdj === 0n ? undefined : fromInt64(process.OOMScoreAdj),
    selinuxLabel: givenText(process.SelinuxLabel),
  };
}
