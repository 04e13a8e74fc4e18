// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

import { parseOciSpec, ProtocolsError, type OciSeccomp } from '@hako/protocols';
import type { SeccompCondition, SeccompProfile } from '@hako/sandbox';

import { UsageError } from '../usage-error.ts';

/** Libseccomp's names of architectures, as far as guests have them. */
const architectures: Readonly<Record<string, string>> = {
  x64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
  s390x: 'SCMP_ARCH_S390X',
};

/**
 * Reads a filter of system calls from a file: `linux.seccomp` of the OCI, or a profile of Docker's. Its conditions stay, for
 * they depend on the capabilities that the container gets; only `minKernel` is taken as met: profiles ask for 4.8, and guests
 * have later kernels. Error: {@link UsageError}.
 * @param path the file
 */
export function readSeccompProfile(path: string): SeccompProfile {
  const { archMap, syscalls, ...rest } = parseJson(path);
  const rules: readonly unknown[] = Array.isArray(syscalls) ? syscalls : [];
  const plain = parsePlain(path, {
    ...rest,
    ...(Array.isArray(archMap) ? { architectures: listArchitectures(archMap) } : {}),
    ...(syscalls === undefined
      ? {}
      : { syscalls: Array.isArray(syscalls) ? rules.map(plainRule) : syscalls }),
  });
  if (plain.syscalls === undefined) return plain;
  return {
    ...plain,
    syscalls: plain.syscalls.map((rule, index) => ({ ...rule, ...conditionsOf(path, rules[index]) })),
  };
}

/** The shape of the OCI is checked where the shape of the OCI is known. */
function parsePlain(path: string, seccomp: object): OciSeccomp {
  try {
    const { linux } = parseOciSpec(JSON.stringify({ ociVersion: '1.1.0', linux: { seccomp } }));
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

/** A rule without its conditions; older profiles name one call. */
function plainRule(rule: unknown): unknown {
  if (!isObject(rule)) return rule;
  const { action, args, errnoRet, name, names } = rule;
  return { action, args, errnoRet, names: names ?? (name === undefined ? [] : [name]) };
}

function conditionsOf(
  path: string,
  rule: unknown,
): { readonly includes?: SeccompCondition; readonly excludes?: SeccompCondition } {
  const { includes, excludes } = isObject(rule) ? rule : {};
  const [wanted, unwanted] = [condition(path, includes), condition(path, excludes)];
  return { ...(wanted && { includes: wanted }), ...(unwanted && { excludes: unwanted }) };
}

/** A condition that cannot be read would let a rule count for everybody. */
function condition(path: string, value: unknown): SeccompCondition | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw unusable(path, 'includes and excludes have to be objects');
  const { caps, arches } = value;
  if (!isTexts(caps) || !isTexts(arches))
    throw unusable(path, 'caps and arches of a condition have to be lists of names');
  if (caps === undefined && arches === undefined) return undefined;
  return { ...(caps && { caps }), ...(arches && { arches }) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTexts(value: unknown): value is readonly string[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every(isText));
}
