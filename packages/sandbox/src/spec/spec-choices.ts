// SPDX-License-Identifier: Apache-2.0
import type { OciLinux, OciProcess, OciSeccomp, OciSpec } from '@hako/protocols';

import { changeCapabilities, type CapabilityChoices } from './capability-set.ts';
import { defaultRlimits } from './container-defaults.ts';
import { changeRlimits, type ResourceLimit } from './resource-limit.ts';
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
  /** Filter of system calls. `unconfined`: none, whatever the image says. */
  readonly seccomp?: OciSeccomp | 'unconfined';
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
  return {
    ...spec,
    ...(root === undefined || choices.readOnly === undefined
      ? {}
      : { root: { ...root, readonly: choices.readOnly } }),
    ...(spec.process === undefined ? {} : { process: changeProcess(spec.process, choices) }),
    linux: changeLinux(spec.linux ?? {}, choices),
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

function changeLinux(linux: OciLinux, { sysctls, seccomp }: SpecChoices): OciLinux {
  if (sysctls !== undefined) checkSysctls(sysctls);
  return {
    ...linux,
    ...(sysctls === undefined ? {} : { sysctl: { ...linux.sysctl, ...sysctls } }),
    ...(seccomp === undefined ? {} : { seccomp: seccomp === 'unconfined' ? undefined : seccomp }),
  };
}
