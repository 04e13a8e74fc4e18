// SPDX-License-Identifier: Apache-2.0
import type { OciLinux, OciProcess, OciSeccomp, OciSpec } from '@hako/protocols';

import { boundingSet, changeCapabilities, type CapabilityChoices } from './capability-set.ts';
import { defaultRlimits } from './container-defaults.ts';
import { changeRlimits, type ResourceLimit } from './resource-limit.ts';
import { decideSeccomp, type SeccompProfile } from './seccomp-profile.ts';
import { checkSysctls } from './sysctl-rules.ts';

/** What a caller may decide about what a container may do; absent means: as the image says. */
export interface SpecChoices {
  /** Whether its root is read-only. A volume of it may still be writable. */
  readonly readOnly?: boolean;
  readonly capabilities?: CapabilityChoices;
  /** Over those of the image. */
  readonly rlimits?: readonly ResourceLimit[];
  /** Kernel parameters of its namespaces, by name; over those of the image. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /**
   * Filter of system calls; its conditions are decided by the capabilities that the container gets. `unconfined`: none,
   * whatever the image says.
   */
  readonly seccomp?: SeccompProfile | 'unconfined';
  /** Whether set-user-id programs and the like give it nothing. */
  readonly noNewPrivileges?: boolean;
}

/**
 * Puts a caller's choices over a specification. Error: `invalid_options`.
 * @param spec the specification
 * @param choices the choices
 */
export function applyChoices(spec: OciSpec, choices: SpecChoices): OciSpec {
  const { root } = spec;
  const process = spec.process === undefined ? undefined : changeProcess(spec.process, choices);
  return {
    ...spec,
    ...(root === undefined || choices.readOnly === undefined
      ? {}
      : { root: { ...root, readonly: choices.readOnly } }),
    ...(process === undefined ? {} : { process }),
    linux: changeLinux(spec.linux ?? {}, process, choices),
  };
}

function changeProcess(process: OciProcess, choices: SpecChoices): OciProcess {
  const { capabilities, rlimits, noNewPrivileges } = choices;
  return {
    ...process,
    ...(capabilities === undefined
      ? {}
      : { capabilities: changeCapabilities(process.capabilities, capabilities) }),
    ...(rlimits === undefined ? {} : { rlimits: changeRlimits(process.rlimits ?? defaultRlimits, rlimits) }),
    ...(noNewPrivileges === undefined ? {} : { noNewPrivileges }),
  };
}

function changeLinux(
  linux: OciLinux,
  process: OciProcess | undefined,
  { sysctls, seccomp }: SpecChoices,
): OciLinux {
  if (sysctls !== undefined) checkSysctls(sysctls);
  return {
    ...linux,
    ...(sysctls === undefined ? {} : { sysctl: { ...linux.sysctl, ...sysctls } }),
    ...(seccomp === undefined ? {} : { seccomp: changeSeccomp(process, seccomp) }),
  };
}

function changeSeccomp(
  process: OciProcess | undefined,
  seccomp: SeccompProfile | 'unconfined',
): OciSeccomp | undefined {
  if (seccomp === 'unconfined') return undefined;
  return decideSeccomp(seccomp, { capabilities: boundingSet(process?.capabilities) });
}
