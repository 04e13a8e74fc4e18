// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

import { parseOciSpec, ProtocolsError } from '@hako/protocols';
import type { SpecChoices } from '@hako/sandbox';

import { UsageError } from '../usage-error.ts';

type Seccomp = Exclude<SpecChoices['seccomp'], 'unconfined' | undefined>;

/** Docker's names of architectures, as far as guests have them, and libseccomp's. */
const architectures: Readonly<Record<string, string>> = {
  x64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
  s390x: 'SCMP_ARCH_S390X',
};
const dockerArchitectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  s390x: 's390x',
};

/**
 * Reads a filter of system calls from a file: `linux.seccomp` of the OCI, or a profile of Docker's, whose conditions are
 * decided for this architecture and these capabilities. Error: {@link UsageError}.
 * @param path the file
 * @param capabilities what the container gets beyond the usual, with or without `CAP_`
 */
export function readSeccompProfile(path: string, capabilities: readonly string[]): Seccomp {
  const profile = parseJson(path);
  const names = capabilities.map((name) => name.toUpperCase().replace(/^(CAP_)?/, 'CAP_'));
  const { archMap, syscalls, ...rest } = profile;
  const plain = {
    ...rest,
    ...(Array.isArray(archMap) ? { architectures: listArchitectures(archMap) } : {}),
    ...(Array.isArray(syscalls)
      ? { syscalls: syscalls.filter(isObject).filter(applies(names)).map(withoutConditions) }
      : {}),
  };
  try {
    // The shape of the OCI is checked where the shape of the OCI is known.
    const { linux } = parseOciSpec(JSON.stringify({ ociVersion: '1.1.0', linux: { seccomp: plain } }));
    if (linux?.seccomp !== undefined) return linux.seccomp;
  } catch (error) {
    if (!(error instanceof ProtocolsError)) throw error;
    throw unusable(path, error.message);
  }
  throw unusable(path, 'it is empty');
}

function parseJson(path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isObject(value)) return value;
  } catch (error) {
    throw unusable(path, error instanceof Error ? error.message : String(error));
  }
  throw unusable(path, 'it is no object');
}

function unusable(path: string, why: string): UsageError {
  return new UsageError(
    `seccomp profile ${path} is not usable: ${why}`,
    'write linux.seccomp of an OCI specification, or a profile as Docker takes it',
  );
}

function listArchitectures(map: readonly unknown[]): string[] {
  const own = architectures[process.arch];
  const entry = map.filter(isObject).find(({ architecture }) => architecture === own);
  const further = entry?.['subArchitectures'];
  return [...(own === undefined ? [] : [own]), ...(Array.isArray(further) ? further.filter(isText) : [])];
}

/** Whether a rule of Docker's is meant for here: all capabilities it includes are there, and nothing of what it excludes. */
function applies(capabilities: readonly string[]): (rule: Record<string, unknown>) => boolean {
  return ({ includes, excludes }) => {
    const wanted = condition(includes);
    const unwanted = condition(excludes);
    const arch = dockerArchitectures[process.arch] ?? '';
    const has = (name: string): boolean => capabilities.includes(name);
    if (!wanted.caps.every(has)) return false;
    if (wanted.arches.length > 0 && !wanted.arches.includes(arch)) return false;
    return !unwanted.caps.some(has) && !unwanted.arches.includes(arch);
  };
}

function condition(value: unknown): { caps: string[]; arches: string[] } {
  const { caps, arches } = isObject(value) ? value : {};
  return {
    caps: Array.isArray(caps) ? caps.filter(isText) : [],
    arches: Array.isArray(arches) ? arches.filter(isText) : [],
  };
}

function withoutConditions(rule: Record<string, unknown>): Record<string, unknown> {
  const { action, args, errnoRet, name, names } = rule;
  return { action, args, errnoRet, names: names ?? (name === undefined ? [] : [name]) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
