// SPDX-License-Identifier: Apache-2.0
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, normalize } from 'node:path';
import type { OciLinux, OciProcess, OciSpec } from '@hako/protocols';
import { AgentError } from '../errors/agent-error.ts';
import { checkMounts } from './mount-rules.ts';
import { checkSysctls } from './sysctl-rules.ts';
import { checkWorkingDirectory } from './working-directory.ts';

function refuse(problem: string): never {
  throw new AgentError('invalid_spec', problem);
}

/**
 * Checks the root path as the host names it, before it is bound to the bundle.
 *
 * @throws AgentError `invalid_spec` when it is relative, leads upwards or is no directory
 */
export async function checkRequestedRoot(path: string): Promise<void> {
  const fail = (reason: string, cause?: unknown) =>
    new AgentError('invalid_spec', `root path ${JSON.stringify(path)} ${reason}`, { operand: path, cause });
  if (!isAbsolute(path)) throw fail('is not absolute');
  if (path.split('/').includes('..')) throw fail('leads upwards');
  let status;
  try {
    status = await stat(path);
  } catch (error) {
    throw fail('cannot be found', error);
  }
  if (!status.isDirectory()) throw fail('is no directory');
}

/** A root path must be the real one, so that nobody can swap a directory under way. */
async function checkRoot(path: string): Promise<void> {
  const wanted = normalize(path).replace(/(.)\/+$/, '$1');
  let real: string;
  try {
    real = await realpath(path);
  } catch (error) {
    throw new AgentError('invalid_spec', `root path ${path} cannot be found`, {
      operand: path,
      cause: error,
    });
  }
  if (real !== wanted) refuse(`root path ${path} has links in it`);
}

/**
 * Checks the process of a container or of an exec.
 *
 * @param rootDir - the container's root directory, for links in it
 * @throws AgentError `invalid_spec`
 */
export function checkProcess(process: OciProcess, rootDir: string): void {
  if (process.args === undefined || process.args.length === 0 || process.args[0] === '')
    refuse('the process has no program');
  checkWorkingDirectory(process.cwd, rootDir);
  const { selinuxLabel } = process;
  // user:role:type, with an optional level that may hold colons itself.
  if (selinuxLabel !== undefined && selinuxLabel !== '' && !/^[^:]+:[^:]+:[^:]+(:.+)?$/.test(selinuxLabel)) {
    refuse(`SELinux label ${JSON.stringify(selinuxLabel)} is not user:role:type`);
  }
}

function checkUserNamespace(linux: OciLinux, namespaces: ReadonlySet<string>): void {
  const mappings = [linux.uidMappings ?? [], linux.gidMappings ?? []];
  if (!namespaces.has('user')) {
    if (mappings.some((list) => list.length > 0)) refuse('id mappings need a user namespace');
    return;
  }
  for (const list of mappings) {
    if (list.length === 0) refuse('a user namespace needs uid and gid mappings');
    if (list.some(({ size }) => size <= 0)) refuse('an id mapping has no size');
  }
}

/**
 * Checks a specification that has been edited for the guest.
 *
 * @throws AgentError `invalid_spec`
 */
export async function validateSpec(spec: OciSpec): Promise<void> {
  const { root, process, linux } = spec;
  if (root === undefined) return refuse('the specification has no root');
  if (process === undefined) return refuse('the specification has no process');
  if (linux === undefined) return refuse('the specification has no linux section');
  checkProcess(process, root.path);
  const namespaces = new Set((linux.namespaces ?? []).map(({ type }) => type));
  // Without a mount namespace of its own a container would rearrange the guest's.
  if (!namespaces.has('mount')) refuse('the container has no mount namespace');
  if (!namespaces.has('pid')) refuse('the container has no pid namespace');
  if (spec.hostname !== undefined && spec.hostname !== '' && !namespaces.has('uts')) {
    refuse('a host name needs a uts namespace');
  }
  checkUserNamespace(linux, namespaces);
  checkSysctls(linux.sysctl ?? {}, namespaces);
  checkMounts(spec.mounts ?? []);
  await checkRoot(root.path);
}
