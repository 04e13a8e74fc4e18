// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/** Tells what agent and guest use, as text for Prometheus. */
export const getMetrics: HandlerFactory<'getMetrics'> = ({ components, callDurations }) => {
  let scrapeCount = 0;
  return async () => {
    scrapeCount += 1;
    // Loaded only here: an agent nobody scrapes does not pay for it.
    const { metricsText } = await import('../metrics/metrics-text.ts');
    return { metrics: await metricsText({ callDurations, mounter: components.mounter, scrapeCount }) };
  };
};
