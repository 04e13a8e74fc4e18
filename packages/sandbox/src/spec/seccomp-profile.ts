// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';

import type { OciSeccomp, OciSyscall } from '@hako/protocols';

/** What a rule of a filter depends on; an absent or empty list says nothing. */
export interface SeccompCondition {
  /** Capabilities, such as `CAP_SYS_ADMIN`. */
  readonly caps?: readonly string[];
  /** Architectures by the names of Go, such as `amd64`. */
  readonly arches?: readonly string[];
}

/** A rule that counts only for some containers, as in Docker's profiles. */
export interface ConditionalSyscall extends OciSyscall {
  /** Counts if the container may have all these capabilities and the architecture is one of these. */
  readonly includes?: SeccompCondition;
  /** Does not count if the container may have one of these capabilities, or the architecture is one of these. */
  readonly excludes?: SeccompCondition;
}

/** A filter of system calls: that of the OCI, whose rules may have conditions. */
export interface SeccompProfile extends Omit<OciSeccomp, 'syscalls'> {
  readonly syscalls?: readonly ConditionalSyscall[] | undefined;
}

/** What the conditions are decided by. */
export interface SeccompFacts {
  /** All that the container can come to have: its bounding set. */
  readonly capabilities: readonly string[];
  /** Node's name of the guest's architecture. Default: this machine's, as it is that of its guests. */
  readonly architecture?: string;
}

/** Go's names of architectures, as far as guests have them. */
const goNames: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', s390x: 's390x' };

/**
 * Decides which rules of a filter count for a container.
 * @param profile the filter
 * @param facts what its conditions are decided by
 * @returns the filter as the OCI has it, without conditions
 */
export function decideSeccomp(profile: SeccompProfile, facts: SeccompFacts): OciSeccomp {
  const { capabilities, architecture = process.arch } = facts;
  const own = goNames[architecture] ?? architecture;
  const mayHave = (name: string): boolean => capabilities.includes(name);
  const counts = ({ includes, excludes }: ConditionalSyscall): boolean => {
    const { caps = [], arches = [] } = includes ?? {};
    if (!caps.every(mayHave) || (arches.length > 0 && !arches.includes(own))) return false;
    return excludes?.caps?.some(mayHave) !== true && excludes?.arches?.includes(own) !== true;
  };
  const { syscalls, ...rest } = profile;
  return { ...rest, ...(syscalls && { syscalls: syscalls.filter(counts).map(withoutConditions) }) };
}

function withoutConditions({ names, action, args, errnoRet }: ConditionalSyscall): OciSyscall {
  return { names, action, ...(args && { args }), ...(errnoRet !== undefined && { errnoRet }) };
}
