// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { encodeCpio, FileTreeBuilder } from '@hako/guest-image';
import { shellPortName } from './guest-shell.ts';

/** Kernel words that go with the initramfs of {@link writeTestInitrd}. */
export const testInitrdWords = ['rdinit=/test-init'] as const;

const busyboxPath = '/bin/busybox';

/** Starts the shell beside the guest's own first program, which then finds everything as it always does. */
const testInit = `#!/bin/busybox sh
/bin/busybox sh /test-shell &
exec /init
`;

/** The guest's BusyBox prefers what it has built in; this is what the agent calls. */
const scriptPrelude = 'ip() { /usr/bin/ip "$@"; }';

/**
 * Serves scripts, one after the other: a line with a number and a script, answered by a line with the number, the exit
 * code, standard output and standard error; texts in base64, \`=\` alone for an empty one. The root directory of this
 * shell is the initramfs; scripts get that of the agent, which is in the same namespaces.
 */
const testShell = `
/bin/busybox mkdir -p /proc
/bin/busybox mount -t proc proc /proc
busybox=/bin/busybox
root=/proc/1/root
prelude='${scriptPrelude}'
export PATH=/bin:/sbin:/usr/bin:/usr/sbin

port=
while [ -z "$port" ]; do
  for file in $root/sys/class/virtio-ports/*/name; do
    [ -e "$file" ] || continue
    read -r name < "$file"
    [ "$name" = ${shellPortName} ] || continue
    port=\${file%/name}
    port=\${port##*/}
  done
  [ -n "$port" ] || $busybox sleep 0.05
done
exec 3<> "$root/dev/$port"

encode() {
  [ -s "$1" ] && $busybox base64 -w 0 "$1" || printf =
}
while :; do
  while read -r number script <&3; do
    printf %s "$script" | $busybox base64 -d > /script
    $busybox chroot $root /bin/sh -c "$prelude
$($busybox cat /script)" < $root/dev/null > /stdout 2> /stderr 3<&-
    code=$?
    printf '%s %s %s %s\\n' "$number" "$code" "$(encode /stdout)" "$(encode /stderr)" >&3
  done
  # Nobody is connected.
  $busybox sleep 0.02
done
`;

/**
 * Writes an initramfs that is the shipped one and a shell beside it, through which tests look into a guest past its agent
 * ({@link shellPortName}). The root image stays the shipped one.
 */
export async function writeTestInitrd(initrdPath: string, targetPath: string): Promise<void> {
  const extra = new FileTreeBuilder()
    // A shell opens it for what it starts in the background; the device is not there yet.
    .file('dev/null', Buffer.alloc(0))
    .file('bin/busybox', await readFile(busyboxPath), 0o755)
    .file('test-init', Buffer.from(testInit), 0o755)
    .file('test-shell', Buffer.from(testShell))
    .build();
  // The kernel unpacks one archive after the other.
  await writeFile(targetPath, Buffer.concat([await readFile(initrdPath), encodeCpio(extra)]));
}
