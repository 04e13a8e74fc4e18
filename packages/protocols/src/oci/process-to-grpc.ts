// SPDX-License-Identifier: Apache-2.0
import type { LinuxCapabilities, Process } from '../generated/oci.ts';
import { toInt64, toUint32, toUint64 } from './integer.ts';
import type { OciCapabilities, OciProcess } from './oci-process.ts';

function capabilitiesToGrpc(sets: OciCapabilities): LinuxCapabilities {
  return {
    Bounding: sets.bounding ?? [],
    Effective: sets.effective ?? [],
    Inheritable: sets.inheritable ?? [],
    Permitted: sets.permitted ?? [],
    Ambient: sets.ambient ?? [],
  };
}

/** Gives a process as the message of ExecProcess and CreateContainer. Throws `invalid_spec` for a number out of range. */
export function ociProcessToGrpc(process: OciProcess): Process {
  const { consoleSize, user } = process;
  return {
    Terminal: process.terminal ?? false,
    ConsoleSize: consoleSize && {
      Height: toUint32(consoleSize.height, 'process.consoleSize.height'),
      Width: toUint32(consoleSize.width, 'process.consoleSize.width'),
    },
    User: {
      UID: toUint32(user?.uid, 'process.user.uid'),
      GID: toUint32(user?.gid, 'process.user.gid'),
      AdditionalGids: (user?.additionalGids ?? []).map((gid, index) =>
        toUint32(gid, `process.user.additionalGids[${index}]`),
      ),
      Username: user?.username ?? '',
    },
    Args: process.args ?? [],
    Env: process.env ?? [],
    Cwd: process.cwd,
    Capabilities: process.capabilities && capabilitiesToGrpc(process.capabilities),
    Rlimits: (process.rlimits ?? []).map((limit, index) => ({
      Type: limit.type,
      Hard: toUint64(limit.hard, `process.rlimits[${index}].hard`),
      Soft: toUint64(limit.soft, `process.rlimits[${index}].soft`),
    })),
    NoNewPrivileges: process.noNewPrivileges ?? false,
    ApparmorProfile: process.apparmorProfile ?? '',
    OOMScoreAdj: toInt64(process.oomScoreAdj, 'process.oomScoreAdj'),
    SelinuxLabel: process.selinuxLabel ?? '',
  };
}
