// SPDX-License-Identifier: Apache-2.0
import { LinuxError } from '../linux-error.ts';
import { loadKoffi } from './koffi.ts';
import { loadNodeFfi } from './node-ffi.ts';
import type { Poller } from './poller.ts';
import type { FunctionArguments, FunctionName } from './prototypes.ts';

/** Which FFI library carries the calls. */
export type LibcBackend = 'node:ffi' | 'koffi';

/** The C library of this process as its functions are called from here, and libuv's readiness polling. */
export interface Libc {
  readonly backend: LibcBackend;
  /** Calls one function; numbers come back as they are, −1 included. */
  call<Name extends FunctionName>(name: Name, ...values: FunctionArguments<Name>): number;
  /** The calling thread's errno. Valid only in the same tick as the call that failed. */
  errno(): number;
  /** Address of the first byte, for structures that hold pointers. Valid as long as the view is referenced. */
  addressOf(bytes: Uint8Array): bigint;
  /** Readiness of descriptors in this thread's event loop; made on first use. */
  readonly poller: Poller;
}

/** What {@link loadLibc} takes. */
export interface LoadLibcOptions {
  /** Default `auto`: `node:ffi` where the runtime has it, else koffi, which takes longer to load. */
  readonly backend?: LibcBackend | 'auto';
}

/**
 * Binds the C library. Programs need not call this: every function takes {@link systemLibc} by default.
 *
 * @throws LinuxError `backend_unavailable` when the wanted backend is missing.
 */
export function loadLibc({ backend = 'auto' }: LoadLibcOptions = {}): Libc {
  const loaders = { 'node:ffi': [loadNodeFfi], koffi: [loadKoffi], auto: [loadNodeFfi, loadKoffi] }[backend];
  const failures: unknown[] = [];
  for (const load of loaders) {
    try {
      const libc = load();
      if (libc !== undefined) return libc;
    } catch (error) {
      failures.push(error);
    }
  }
  throw new LinuxError({
    code: 'backend_unavailable',
    syscall: 'dlopen',
    operand: backend,
    detail: `node ${process.version}`,
    cause: failures.length > 1 ? new AggregateError(failures) : failures[0],
  });
}

/**
 * The binding shared by all callers of this process, made by the first of them. It is kept at module level because it
 * only names functions of the process image: it has no state a second copy could differ in.
 */
export function systemLibc(): Libc {
  bound ??= loadLibc();
  return bound;
}
let bound: Libc | undefined;
