// SPDX-License-Identifier: Apache-2.0
import { decodeAttributes, textOf } from './attribute.ts';
import { isLittleEndian, viewOf } from './byte-order.ts';
import { align, malformed, messageFlags, messageHeaderBytes, type NetlinkMessage } from './message.ts';

/** How the kernel answers a request, and how it ends a list. */
export interface Acknowledgement {
  /** 0 for success, else a positive errno. */
  readonly errno: number;
  /** What the kernel says about it, in English. */
  readonly text: string | undefined;
}

const errnoBytes = 4;
const messageText = 1; // NLMSGERR_ATTR_MSG

/**
 * Reads the payload of an `NLMSG_ERROR` or `NLMSG_DONE`.
 *
 * @throws LinuxError `EBADMSG`
 */
export function decodeAcknowledgement(message: NetlinkMessage, kind: 'error' | 'done'): Acknowledgement {
  const { payload, flags } = message;
  if (payload.length < errnoBytes) throw malformed(`acknowledgement of ${payload.length} bytes`);
  const errno = Math.max(0, -viewOf(payload).getInt32(0, isLittleEndian));
  if ((flags & messageFlags.answerAttributes) === 0) return { errno, text: undefined };
  const attributes = decodeAttributes(payload.subarray(attributesOffset(payload, flags, kind)));
  return { errno, text: textOf(attributes, messageText) };
}

/** After an error comes the request it answers, of which only the header is repeated when the answer is capped. */
function attributesOffset(payload: Uint8Array, flags: number, kind: 'error' | 'done'): number {
  if (kind === 'done') return errnoBytes;
  if (payload.length < errnoBytes + messageHeaderBytes)
    throw malformed('acknowledgement without its request');
  const isCapped = (flags & messageFlags.cappedAnswer) !== 0;
  const request = isCapped ? messageHeaderBytes : viewOf(payload).getUint32(errnoBytes, isLittleEndian);
  return errnoBytes + align(request);
}
