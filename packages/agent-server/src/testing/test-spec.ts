// SPDX-License-Identifier: Apache-2.0
import { type OciSpec, ociSpecToGrpc } from '@hako/protocols';
import type { CreateContainerRequest, DeepPartial, ExecProcessRequest } from '@hako/protocols/agent';
import type { Process, Spec } from '@hako/protocols/oci';

/** A small specification, as a host would send it. */
export function testSpec(rootPath: string, args: readonly string[], changes: Partial<OciSpec> = {}): OciSpec {
  return {
    ociVersion: '1.0.2',
    process: { user: { uid: 0, gid: 0 }, args: [...args], env: ['PATH=/bin'], cwd: '/' },
    root: { path: rootPath },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['newinstance', 'ptmxmode=0666'],
      },
    ],
    linux: { namespaces: [{ type: 'mount' }, { type: 'ipc' }, { type: 'uts' }] },
    ...changes,
  };
}

/** {@link testSpec} in the form of the wire. */
export function testSpecMessage(
  rootPath: string,
  args: readonly string[],
  changes: Partial<OciSpec> = {},
): Spec {
  return ociSpecToGrpc(testSpec(rootPath, args, changes));
}

/** A request for a container that runs a command. */
export function createRequest(
  containerId: string,
  rootPath: string,
  args: readonly string[],
  changes: Partial<OciSpec> = {},
): DeepPartial<CreateContainerRequest> {
  return { containerId, OCI: testSpecMessage(rootPath, args, changes) };
}

/** A request for a further process. */
export function execRequest(
  containerId: string,
  execId: string,
  args: readonly string[],
  changes: DeepPartial<Process> = {},
): DeepPartial<ExecProcessRequest> {
  const process = { Args: [...args], Env: ['PATH=/bin'], Cwd: '/', User: { UID: 0, GID: 0 }, ...changes };
  return { containerId, execId, process };
}
