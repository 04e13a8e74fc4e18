// SPDX-License-Identifier: Apache-2.0
import { encodeStatus, TtrpcServerError } from '@hako/ttrpc';
import type { ServerMiddleware } from 'nice-grpc-common';

/** Where gRPC carries the details of a status (grpc/proposal, "Richer Error Model"). */
const detailsKey = 'grpc-status-details-bin';

/** Puts the details of a {@link TtrpcServerError}, which ttRPC carries in the status itself, where gRPC clients look for them. */
export const statusDetailsMiddleware: ServerMiddleware = async function* addDetails(call, context) {
  try {
    return yield* call.next(call.request, context);
  } catch (error) {
    if (error instanceof TtrpcServerError && error.statusDetails.length > 0) {
      const { code, details: message, statusDetails: details } = error;
      context.trailer.set(detailsKey, encodeStatus({ code, message, details }));
    }
    throw error;
  }
};
