// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';
import type * as koffiModule from 'koffi';
import type { Libc } from './libc.ts';
import { createKoffiPoller } from './koffi-poller.ts';
import type { Poller } from './poller.ts';
import { type ArgumentValue, type FunctionName, prototypeOf } from './prototypes.ts';

/** The package koffi. */
export type Koffi = typeof koffiModule;

type NativeFunction = (...values: ArgumentValue[]) => number | bigint;

const types = { int: 'int', long: 'int64', bytes: 'void *' } as const;

/** Binds the C library through koffi, for Node 22 and 24. koffi keeps errno as the call left it. */
export function loadKoffi(): Libc {
  // Required, not imported: a guest that has node:ffi neither ships nor loads koffi.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- require is untyped; koffi describes itself
  const koffi: Koffi = createRequire(import.meta.url)('koffi');
  const lib = koffi.load('libc.so.6');
  const functions = new Map<FunctionName, NativeFunction>();
  let poller: Poller | undefined;

  const resolve = (name: FunctionName): NativeFunction => {
    const prototype = prototypeOf(name);
    const native: NativeFunction = lib.func(
      prototype.symbol ?? name,
      types[prototype.returns],
      prototype.arguments.map((kind) => types[kind]),
    );
    const bound: NativeFunction = (...values) =>
      native(
        ...values.map((value, index) =>
          typeof value === 'number' && prototype.arguments[index] === 'int' ? value | 0 : value,
        ),
      );
    functions.set(name, bound);
    return bound;
  };

  return {
    backend: 'koffi',
    call: (name, ...values) => Number((functions.get(name) ?? resolve(name))(...values)),
    errno: () => koffi.errno(),
    addressOf: (bytes) => koffi.address(bytes),
    get poller() {
      poller ??= createKoffiPoller(koffi);
      return poller;
    },
  };
}
