// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Container } from '../container/container.ts';
import type { AgentPaths } from '../paths/agent-paths.ts';
import type { Mounter } from '../system/mounter.ts';
import { unmountIfMounted } from '../system/unmount-if-mounted.ts';
import type { Sandbox } from './sandbox.ts';

/** The pid namespace that containers share on request: that of the sandbox's first container. Disposal lets go of it. */
export interface SharedPidNamespace extends Disposable {
  /** Keeps it, whoever gets the number of its first process later. */
  readonly path: string;
  /** Its first process is the first of the namespace, with which all others end. */
  readonly holder: Container;
}

/** Makes the pid namespace of a container the one to share. */
export async function sharePidNamespace(
  sandbox: Sandbox,
  holder: Container,
  { paths, mounter }: { readonly paths: AgentPaths; readonly mounter: Mounter },
): Promise<void> {
  releasePidNamespace(sandbox);
  await mkdir(paths.namespacesDir, { recursive: true });
  const path = join(paths.namespacesDir, 'pid');
  await writeFile(path, '', { flag: 'a' });
  mounter.mount({
    source: join('/proc', holder.initPid.toString(), 'ns/pid'),
    target: path,
    flags: ['bind'],
  });
  sandbox.pidNamespace = { path, holder, [Symbol.dispose]: () => void unmountIfMounted(mounter, path) };
}

/** The file of the shared pid namespace; undefined when there is none, or when its first process has ended. */
export function joinablePidNamespace({ pidNamespace }: Sandbox): string | undefined {
  if (pidNamespace === undefined) return undefined;
  const { kind } = pidNamespace.holder.state;
  const hasEnded = kind === 'exited' || kind === 'destroying' || kind === 'destroyed';
  return hasEnded ? undefined : pidNamespace.path;
}

/**
 * Lets go of the shared pid namespace, if there is one.
 *
 * @param holder - only when it is this container's
 */
export function releasePidNamespace(sandbox: Sandbox, holder = sandbox.pidNamespace?.holder): void {
  const { pidNamespace } = sandbox;
  if (pidNamespace === undefined || pidNamespace.holder !== holder) return;
  sandbox.pidNamespace = undefined;
  pidNamespace[Symbol.dispose]();
}
