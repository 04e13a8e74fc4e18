// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/** Changes the memory agent's settings for compaction. Fields that are absent stay as they are. */
export const memAgentCompactSet: HandlerFactory<'memAgentCompactSet'> =
  ({ memoryAgent }) =>
  (request) =>
    Promise.try(() => {
      memoryAgent.change({
        compactDisable: request.disabled,
        compactPeriodSecs: request.periodSecs,
        compactPeriodPsiPercentLimit: request.periodPsiPercentLimit,
        compactPsiPercentLimit: request.compactPsiPercentLimit,
        compactSecMax: request.compactSecMax,
        compactOrder: request.compactOrder,
        compactThreshold: request.compactThreshold,
        compactForceTimes: request.compactForceTimes,
      });
      return {};
    });
