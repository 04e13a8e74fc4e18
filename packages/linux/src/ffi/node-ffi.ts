// SPDX-License-Identifier: Apache-2.0
import type * as ffiModule from 'node:ffi';
import type { Libc } from './libc.ts';
import { createNodeFfiPoller } from './node-ffi-poller.ts';
import type { Poller } from './poller.ts';
import { type ArgumentKind, type ArgumentValue, type FunctionName, prototypeOf } from './prototypes.ts';

/** The built-in module `node:ffi`. */
export type NodeFfi = typeof ffiModule;

type NativeFunction = (...values: ArgumentValue[]) => number | bigint;

const types = { int: 'i32', long: 'i64', bytes: 'buffer' } as const;

/**
 * Binds the C library through `node:ffi`. Functions are resolved on first use. errno is read through
 * `__errno_location`: nothing that `node:ffi` does between the call and that read touches it.
 *
 * @returns `undefined` when this runtime has no `node:ffi` with access to its event loop (Node below 26.6).
 */
export function loadNodeFfi(): Libc | undefined {
  const ffi = requireNodeFfi();
  if (ffi === undefined || !('getCurrentEventLoop' in ffi)) return undefined;
  const { lib } = ffi.dlopen('libc.so.6');
  const errnoPointer = lib.getFunction('__errno_location', { arguments: [], return: 'pointer' })();
  const functions = new Map<FunctionName, NativeFunction>();
  let poller: Poller | undefined;

  const resolve = (name: FunctionName): NativeFunction => {
    const prototype = prototypeOf(name);
    const native: NativeFunction = lib.getFunction(prototype.symbol ?? name, {
      arguments: prototype.arguments.map((kind) => types[kind]),
      return: types[prototype.returns],
    });
    const convert = (value: ArgumentValue, index: number): ArgumentValue =>
      toNative(prototype.arguments[index], value);
    const bound: NativeFunction = (...values) => native(...values.map(convert));
    functions.set(name, bound);
    return bound;
  };

  return {
    backend: 'node:ffi',
    call: (name, ...values) => Number((functions.get(name) ?? resolve(name))(...values)),
    errno: () => ffi.getInt32(errnoPointer),
    addressOf: (bytes) => ffi.getRawPointer(bytes),
    get poller() {
      poller ??= createNodeFfiPoller(ffi);
      return poller;
    },
  };
}

function toNative(kind: ArgumentKind | undefined, value: ArgumentValue): ArgumentValue {
  if (typeof value !== 'number') return value;
  return kind === 'long' ? BigInt(value) : value | 0;
}

/**
 * Loads the module without its one-time warning, which would otherwise be the first line of every program's output.
 * Only that warning, and only while it is loaded: all others pass.
 */
function requireNodeFfi(): NodeFfi | undefined {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- only put back, and called with its receiver
  const emitWarning = process.emitWarning;
  process.emitWarning = new Proxy(emitWarning, {
    apply(target, receiver, values: unknown[]) {
      const [warning, type] = values;
      if (type === 'ExperimentalWarning' && String(warning).startsWith('FFI ')) return;
      Reflect.apply(target, receiver, values);
    },
  });
  try {
    return process.getBuiltinModule('node:ffi');
  } finally {
    process.emitWarning = emitWarning;
  }
}
