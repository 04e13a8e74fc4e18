// SPDX-License-Identifier: Apache-2.0
import type { PublishedPort } from '../network-options.ts';
import { userAddresses } from '../user-network.ts';

/** Descriptor at which passt finds the connection to the hypervisor. */
export const passtFd = 3;

/**
 * The arguments of passt for a sandbox, see passt(1): the same addresses as QEMU's own stack has, IPv4 alone, the guest is
 * configured by its agent, and only published ports lead in. It stays in the foreground as a child and ends with the
 * connection. Run by root it becomes `nobody` by itself.
 * @param ports what leads into the guest
 */
export function passtArguments(ports: readonly Required<PublishedPort>[]): string[] {
  const { guest, prefixLength, gateway, nameServer } = userAddresses;
  return [
    ...['--foreground', '--quiet', '--stderr', '--fd', String(passtFd)],
    ...['--ipv4-only', '--address', guest, '--netmask', String(prefixLength), '--gateway', gateway],
    ...['--dns-forward', nameServer, '--no-dhcp'],
    ...portArguments('--tcp-ports', 'tcp', ports),
    ...portArguments('--udp-ports', 'udp', ports),
  ];
}

/** Without a word passt would lead no port in, too; it is said all the same. */
function portArguments(
  option: string,
  protocol: 'tcp' | 'udp',
  ports: readonly Required<PublishedPort>[],
): string[] {
  const wanted = ports.filter((port) => port.protocol === protocol);
  if (wanted.length === 0) return [option, 'none'];
  return wanted.flatMap(({ hostAddress, hostPort, guestPort }) => [
    option,
    `${hostAddress}/${hostPort}:${guestPort}`,
  ]);
}
