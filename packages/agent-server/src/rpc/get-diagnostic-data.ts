// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fstatSync, readSync } from 'node:fs';
import { relative } from 'node:path';
import { ServerError, Status } from 'nice-grpc-common';
import type { AgentComponents } from '../agent-components.ts';
import type { Container } from '../container/container.ts';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** What a Kubernetes container leaves behind for whoever asks why it ended. */
const terminationLogType = 'termination_log';
const pathAnnotation = 'io.kubernetes.container.terminationMessagePath';
/** Kubernetes keeps no more of it. */
const maxBytes = 4096;

/** The guest's side of the mount that holds the container's termination log. */
function sourceOf({ id, spec }: Container): string {
  const path = spec.annotations?.[pathAnnotation];
  if (path === undefined) {
    throw new AgentError('invalid_spec', `container ${id} has no annotation ${pathAnnotation}`, {
      operand: id,
    });
  }
  const source = spec.mounts?.find(({ destination }) => destination === path)?.source;
  if (source === undefined) {
    throw new AgentError('invalid_spec', `container ${id} has no mount at ${path}`, { operand: path });
  }
  return source;
}

/** The directory a path must not lead out of: what containers may have written lies below these two. */
function rootOf(source: string, { paths }: AgentComponents): string {
  return [paths.sharedDir, paths.kataDir].find((dir) => source.startsWith(`${dir}/`)) ?? '/';
}

/** The beginning of a plain file; empty when there is none. Links are not followed: a container could have put one there. */
function readBeginning(source: string, components: AgentComponents): string {
  const rootPath = rootOf(source, components);
  using root = components.system.openRoot(rootPath);
  let fd: number;
  try {
    fd = root.open(relative(rootPath, source), {
      flags: constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    });
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return '';
    throw error;
  }
  try {
    if (!fstatSync(fd).isFile())
      throw new AgentError('path_refused', `${source} is no file`, { operand: source });
    const bytes = Buffer.alloc(maxBytes);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, maxBytes, 0));
  } finally {
    closeSync(fd);
  }
}

/** Gives what a container wrote into its termination log: at most 4,096 bytes, what is no UTF-8 replaced. */
export const getDiagnosticData: HandlerFactory<'getDiagnosticData'> =
  ({ components, sandbox }) =>
  ({ logType, containerId }) => {
    if (logType !== terminationLogType) {
      const message = `unknown kind of diagnostic data: ${JSON.stringify(logType)}`;
      return Promise.reject(new ServerError(Status.INVALID_ARGUMENT, message));
    }
    return Promise.try(() => ({
      data: readBeginning(sourceOf(sandbox.containers.get(containerId)), components),
    }));
  };
