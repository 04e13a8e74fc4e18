// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync } from 'node:fs';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import { setHostname } from './hostname.ts';
import { mount } from './mount.ts';
import { umount } from './umount.ts';

/** Which namespaces to make, each with the file that keeps it. */
export interface PinNamespacesRequest {
  /** Made when missing, as are none of its parent directories. */
  readonly ipc?: string;
  readonly uts?: string;
  /** Host name inside the new UTS namespace; default: a copy of the present one. Ignored without `uts`. */
  readonly hostname?: string;
}

const cloneFlags = { ipc: 0x08000000, uts: 0x04000000 } as const;

type NamespaceKind = keyof typeof cloneFlags;

/**
 * Makes namespaces that live on without a process: enters new ones, bind-mounts them over the given files and goes
 * back. All in one synchronous stretch of the calling thread, so nothing else of this program runs inside them.
 * A namespace is let go by unmounting its file.
 *
 * @throws LinuxError of the step that failed (unshare, sethostname, mount); what was mounted is unmounted again. When
 * the way back fails too, an `AggregateError`: the thread is then still in the new namespaces.
 */
export function pinNamespaces(request: PinNamespacesRequest, libc: Libc = systemLibc()): void {
  const pins = namespaceKinds.flatMap((kind) => {
    const path = request[kind];
    return path === undefined ? [] : [{ kind, path, flag: cloneFlags[kind] }];
  });
  using saved = saveNamespaces(pins.map(({ kind }) => kind));
  const mounted: string[] = [];
  const errors: unknown[] = [];
  try {
    for (const { path } of pins) closeSync(openSync(path, 'a', 0o644));
    invoke(
      libc,
      undefined,
      'unshare',
      pins.reduce((flags, { flag }) => flags | flag, 0),
    );
    if (request.uts !== undefined && request.hostname) setHostname(request.hostname, libc);
    for (const { kind, path } of pins) {
      mount({ source: threadNamespace(kind), target: path, flags: ['bind', 'rec'] }, libc);
      mounted.push(path);
    }
  } catch (error) {
    errors.push(error, ...attemptAll(mounted, (path) => umount(path, { detach: true }, libc)));
  }
  errors.push(
    ...attemptAll(saved.entries, ({ kind, fd }) => {
      invoke(libc, kind, 'setns', fd, cloneFlags[kind]);
    }),
  );
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, 'namespaces could neither be pinned nor be left');
}

const namespaceKinds: readonly NamespaceKind[] = ['ipc', 'uts'];

function threadNamespace(kind: NamespaceKind): string {
  return `/proc/thread-self/ns/${kind}`;
}

interface SavedNamespaces extends Disposable {
  readonly entries: readonly { readonly kind: NamespaceKind; readonly fd: number }[];
}

function saveNamespaces(kinds: readonly NamespaceKind[]): SavedNamespaces {
  const entries: { kind: NamespaceKind; fd: number }[] = [];
  const close = (): void => entries.forEach(({ fd }) => closeSync(fd));
  try {
    for (const kind of kinds) entries.push({ kind, fd: openSync(threadNamespace(kind), 'r') });
  } catch (error) {
    close();
    throw error;
  }
  return { entries, [Symbol.dispose]: close };
}

/** Does all, and collects the errors instead of stopping at the first. */
function attemptAll<Item>(items: readonly Item[], act: (item: Item) => void): unknown[] {
  return items.flatMap((item) => {
    try {
      act(item);
      return [];
    } catch (error) {
      return [error];
    }
  });
}
