// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import { formatHardwareAddress } from './netlink/hardware-address.ts';

const getHardwareAddress = 0x8927; // SIOCGIFHWADDR
// struct ifreq: 16 bytes of name, then struct sockaddr, of which two bytes are the family.
const requestBytes = 40;
const addressOffset = 18;
const addressBytes = 6;

/**
 * Hardware address of the link behind an open tap or macvtap: tells whether a `/dev/tapN` is the expected one, for links of
 * different network namespaces can have the same number.
 *
 * @throws LinuxError `ENOTTY` when the file is none, `ENOLINK` or `EBADFD` when its link is gone.
 */
export function tapHardwareAddress(fd: number, libc: Libc = systemLibc()): string {
  const request = new Uint8Array(requestBytes);
  invoke(libc, `fd ${fd}`, 'ioctl', fd, getHardwareAddress, request);
  return formatHardwareAddress(request.subarray(addressOffset, addressOffset + addressBytes));
}
