// SPDX-License-Identifier: Apache-2.0
import { encodeRequestHead } from '../envelope/request-envelope.ts';

/** Which method a call goes to, with the bytes that say so. Made once per method, used for every call. */
export interface CallRoute {
  /** `/service/method`, as middleware and errors name it. */
  readonly path: string;
  /** The first two fields of the request envelope. */
  readonly head: Uint8Array;
}

/** Prepares the calls of one method. */
export function createCallRoute(service: string, method: string): CallRoute {
  return { path: `/${service}/${method}`, head: encodeRequestHead(service, method) };
}
