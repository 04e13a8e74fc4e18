// SPDX-License-Identifier: Apache-2.0

/**
 * How an argument crosses into C: `int` is 32 bits (also unsigned ones, which wrap), `long` is 64 bits, `bytes` is a
 * pointer to the bytes of a view that the callee only uses during the call, or NULL.
 */
export type ArgumentKind = 'int' | 'long' | 'bytes';

interface Prototype {
  /** Where it differs from the key. */
  readonly symbol?: string;
  readonly arguments: readonly ArgumentKind[];
  readonly returns: 'int' | 'long';
}

/**
 * Every function of the C library that this package calls. `fcntl`, `ioctl` and `syscall` are variadic in C; on Linux
 * both x86-64 and AArch64 pass integers and pointers to them exactly as to ordinary functions.
 */
export const prototypes = {
  accept4: { arguments: ['int', 'bytes', 'bytes', 'int'], returns: 'int' },
  bind: { arguments: ['int', 'bytes', 'int'], returns: 'int' },
  chroot: { arguments: ['bytes'], returns: 'int' },
  connect: { arguments: ['int', 'bytes', 'int'], returns: 'int' },
  fchdir: { arguments: ['int'], returns: 'int' },
  fchownat: { arguments: ['int', 'bytes', 'int', 'int', 'int'], returns: 'int' },
  fcntl: { arguments: ['int', 'int', 'long'], returns: 'int' },
  getsockname: { arguments: ['int', 'bytes', 'bytes'], returns: 'int' },
  getsockopt: { arguments: ['int', 'int', 'int', 'bytes', 'bytes'], returns: 'int' },
  ioctl: { arguments: ['int', 'long', 'bytes'], returns: 'int' },
  kill: { arguments: ['int', 'int'], returns: 'int' },
  listen: { arguments: ['int', 'int'], returns: 'int' },
  madvise: { arguments: ['long', 'long', 'int'], returns: 'int' },
  mkdirat: { arguments: ['int', 'bytes', 'int'], returns: 'int' },
  mount: { arguments: ['bytes', 'bytes', 'bytes', 'long', 'bytes'], returns: 'int' },
  moveMount: {
    symbol: 'move_mount',
    arguments: ['int', 'bytes', 'int', 'bytes', 'int'],
    returns: 'int',
  },
  openTree: { symbol: 'open_tree', arguments: ['int', 'bytes', 'int'], returns: 'int' },
  openat2: { symbol: 'syscall', arguments: ['long', 'long', 'bytes', 'bytes', 'long'], returns: 'long' },
  pipe2: { arguments: ['bytes', 'int'], returns: 'int' },
  poll: { arguments: ['bytes', 'long', 'int'], returns: 'int' },
  prctl: { arguments: ['int', 'long', 'long', 'long', 'long'], returns: 'int' },
  read: { arguments: ['int', 'bytes', 'long'], returns: 'long' },
  reboot: { arguments: ['int'], returns: 'int' },
  recvfrom: { arguments: ['int', 'bytes', 'long', 'int', 'bytes', 'bytes'], returns: 'long' },
  recvmsg: { arguments: ['int', 'bytes', 'int'], returns: 'long' },
  renameat: { arguments: ['int', 'bytes', 'int', 'bytes'], returns: 'int' },
  schedSetaffinity: { symbol: 'sched_setaffinity', arguments: ['int', 'long', 'bytes'], returns: 'int' },
  sendmsg: { arguments: ['int', 'bytes', 'int'], returns: 'long' },
  sethostname: { arguments: ['bytes', 'long'], returns: 'int' },
  setns: { arguments: ['int', 'int'], returns: 'int' },
  setsid: { arguments: [], returns: 'int' },
  setsockopt: { arguments: ['int', 'int', 'int', 'bytes', 'int'], returns: 'int' },
  settimeofday: { arguments: ['bytes', 'bytes'], returns: 'int' },
  shutdown: { arguments: ['int', 'int'], returns: 'int' },
  socket: { arguments: ['int', 'int', 'int'], returns: 'int' },
  socketpair: { arguments: ['int', 'int', 'int', 'bytes'], returns: 'int' },
  swapon: { arguments: ['bytes', 'int'], returns: 'int' },
  sync: { arguments: [], returns: 'int' },
  symlinkat: { arguments: ['bytes', 'int', 'bytes'], returns: 'int' },
  umount2: { arguments: ['bytes', 'int'], returns: 'int' },
  unlinkat: { arguments: ['int', 'bytes', 'int'], returns: 'int' },
  unshare: { arguments: ['int'], returns: 'int' },
  waitid: { arguments: ['int', 'int', 'bytes', 'int', 'bytes'], returns: 'int' },
  write: { arguments: ['int', 'bytes', 'long'], returns: 'long' },
  writev: { arguments: ['int', 'bytes', 'int'], returns: 'long' },
} as const satisfies Record<string, Prototype>;

/** Name of a function in {@link prototypes}. */
export type FunctionName = keyof typeof prototypes;

interface ArgumentTypes {
  int: number;
  long: number | bigint;
  bytes: Uint8Array | null;
}

type ArgumentList<Kinds extends readonly ArgumentKind[]> = {
  -readonly [Index in keyof Kinds]: ArgumentTypes[Kinds[Index]];
};

/** The JavaScript arguments of one function. */
export type FunctionArguments<Name extends FunctionName> = ArgumentList<
  (typeof prototypes)[Name]['arguments']
>;

/** A value that a backend hands to its FFI library. */
export type ArgumentValue = number | bigint | Uint8Array | null;

/** The prototype of a function, with its optional parts visible. */
export function prototypeOf(name: FunctionName): Prototype {
  return prototypes[name];
}
