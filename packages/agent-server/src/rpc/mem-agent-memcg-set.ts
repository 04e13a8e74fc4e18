// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/** Changes the memory agent's settings for reclaim. Fields that are absent stay as they are. */
export const memAgentMemcgSet: HandlerFactory<'memAgentMemcgSet'> =
  ({ memoryAgent }) =>
  (request) =>
    Promise.try(() => {
      memoryAgent.change({
        memcgDisable: request.disabled,
        memcgSwap: request.swap,
        memcgSwappinessMax: request.swappinessMax,
        memcgPeriodSecs: request.periodSecs,
        memcgPeriodPsiPercentLimit: request.periodPsiPercentLimit,
        memcgEvictionPsiPercentLimit: request.evictionPsiPercentLimit,
        memcgEvictionRunAgingCountMin: request.evictionRunAgingCountMin,
      });
      return {};
    });
