// SPDX-License-Identifier: Apache-2.0

/**
 * The programs around virtiofsd, outermost first:
 *
 * 1. `setpriv --pdeathsig KILL`: the kernel kills the daemon when its owner dies, however it dies;
 * 2. `unshare --mount`: a mount namespace of its own, so that no mount ever shows up on the host and all of them vanish
 *    with the daemon; propagation `slave` lets it see what the host mounts later;
 * 3. a shell that binds the directories and then *becomes* virtiofsd.
 *
 * `mounts` is where container files are bound, a peer group of its own, so that what is bound there later reaches
 * virtiofsd's namespace too. `shared` is a read-only slave view of it and is what the guest gets: at the top level it can
 * create nothing, inside a bound directory it can do what that mount allows.
 *
 * The shell says `ready` and waits for a line before it becomes the daemon: virtiofsd leaves this namespace for an
 * emptier one, so whoever wants to enter it later must open it first.
 */
const enterAndBecome = `
set -e
mount --bind --make-shared -- "$1" "$1"
mount --bind --make-slave -o ro -- "$1" "$2"
shift 2
echo ready
read -r _
exec "$@"
`;

/** Binds triples of (options, source, target), in order. */
const bindAll = `
set -e
while [ $# -gt 0 ]; do
  mount --bind -o "$1" -- "$2" "$3"
  shift 3
done
`;

/**
 * The command that opens the namespace and then becomes the daemon.
 * @param mounts directory in which container files will be bound
 * @param shared directory that becomes its read-only view
 * @param daemon the command of the daemon
 */
export function namespaceCommand(
  mounts: string,
  shared: string,
  daemon: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  return [
    'setpriv',
    '--pdeathsig',
    'KILL',
    'unshare',
    '--mount',
    '--propagation',
    'slave',
    'sh',
    '-c',
    enterAndBecome,
    'hako-share',
    mounts,
    shared,
    ...daemon,
  ];
}

/** One directory or file to bind. */
export interface Bind {
  /** Absolute path on the host, symbolic links resolved. */
  readonly source: string;
  /** Existing absolute path below `mounts`. */
  readonly target: string;
  readonly readOnly: boolean;
}

/**
 * The command that binds inside the namespace.
 * @param namespacePath path of the namespace, as the command will see it
 * @param binds what to bind, in order
 */
export function bindCommand(namespacePath: string, binds: readonly Bind[]): readonly [string, ...string[]] {
  const triples = binds.flatMap(({ source, target, readOnly }) => [readOnly ? 'ro' : 'rw', source, target]);
  return ['nsenter', `--mount=${namespacePath}`, 'sh', '-c', bindAll, 'hako-bind', ...triples];
}

/**
 * The command that detaches targets inside the namespace. Nothing a guest made lies on the way to a target: the levels
 * above it are read-only for the guest.
 * @param namespacePath path of the namespace, as the command will see it
 * @param targets what to detach
 */
export function unbindCommand(
  namespacePath: string,
  targets: readonly string[],
): readonly [string, ...string[]] {
  return ['nsenter', `--mount=${namespacePath}`, 'umount', '--lazy', '--no-canonicalize', '--', ...targets];
}
