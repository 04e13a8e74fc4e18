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

/** The daemon of a share that survives its owner keeps this descriptor of the namespace open, for whoever comes after. */
export const keptNamespaceFd = 9;

const keepNamespace = `
exec ${keptNamespaceFd}</proc/self/ns/mnt`;

/**
 * Binds triples of (options, source, target), in order. The sources are open from descriptor 4 on: each target must have
 * become that very file, whatever has happened to its path meanwhile.
 *
 * A bind becomes read-only only after it has been made, and its copy in the guest's view would not: so what shall be read-only
 * is first bound onto itself, and then, read-only already, to its target.
 */
const bindAll = `
set -e
fd=4
while [ $# -gt 0 ]; do
  [ ! -L "$3" ]
  [ "$1" = rw ] || mount --bind -o ro -- "$2" "$2"
  mount --bind -- "$2" "$3"
  [ "$3" -ef "/proc/self/fd/$fd" ] || { echo "$2 is not what it was" >&2; exit 1; }
  fd=$((fd + 1))
  shift 3
done
`;

/** Detaches targets, none of which is a link: umount has no word for the flag `UMOUNT_NOFOLLOW` of umount2(2). */
const unbindAll = `
for target; do
  [ ! -L "$target" ] || exit 1
done
umount --lazy --no-canonicalize -- "$@"
`;

/**
 * The command that opens the namespace and then becomes the daemon.
 * @param mounts directory in which container files will be bound
 * @param shared directory that becomes its read-only view
 * @param daemon the command of the daemon
 * @param survivesOwner whether the daemon goes on when its owner dies
 */
export function namespaceCommand(
  mounts: string,
  shared: string,
  daemon: readonly [string, ...string[]],
  survivesOwner = false,
): readonly [string, ...string[]] {
  const unshare = ['unshare', '--mount', '--propagation', 'slave'] as const;
  const first: readonly [string, ...string[]] = survivesOwner
    ? unshare
    : ['setpriv', '--pdeathsig', 'KILL', ...unshare];
  return [
    ...first,
    'sh',
    '-c',
    survivesOwner ? keepNamespace + enterAndBecome : enterAndBecome,
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
 * The command that binds inside the namespace. The sources are its descriptors from 4 on as well.
 * @param namespacePath path of the namespace, as the command will see it
 * @param binds what to bind, in order
 */
export function bindCommand(namespacePath: string, binds: readonly Bind[]): readonly [string, ...string[]] {
  const triples = binds.flatMap(({ source, target, readOnly }) => [readOnly ? 'ro' : 'rw', source, target]);
  // In a copy of the namespace, which takes the binds onto themselves with it; those to targets reach the namespace.
  const inCopy = ['unshare', '--mount', '--propagation', 'unchanged'];
  return ['nsenter', `--mount=${namespacePath}`, ...inCopy, 'sh', '-c', bindAll, 'hako-bind', ...triples];
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
  return ['nsenter', `--mount=${namespacePath}`, 'sh', '-c', unbindAll, 'hako-unbind', ...targets];
}
