// SPDX-License-Identifier: Apache-2.0
import type { Configuration } from '@hako/configuration';
import type { NetworkModel, NetworkOptions, RateLimits } from '@hako/sandbox';

import { UsageError } from '../usage-error.ts';

const qemu = 'hypervisor.qemu';

/** The keys of the two directions. */
const rateKeys = {
  receiveBitsPerSecond: 'rx_rate_limiter_max_rate',
  sendBitsPerSecond: 'tx_rate_limiter_max_rate',
} as const satisfies Readonly<Record<keyof RateLimits, string>>;

/**
 * Fills in what a configuration says about links of a namespace; the words of the command line come before it. That no
 * namespace is to be made (`disable_new_netns`) is always so. Error: {@link UsageError} for limits that would be missed.
 * @param network what the command line says
 * @param configuration Kata's
 */
export function configuredNetwork(network: NetworkOptions, configuration: Configuration): NetworkOptions {
  const { receiveBitsPerSecond, sendBitsPerSecond } = rateKeys;
  const rates: Required<RateLimits> = {
    receiveBitsPerSecond: configuration.number(qemu, receiveBitsPerSecond),
    sendBitsPerSecond: configuration.number(qemu, sendBitsPerSecond),
  };
  if (network.kind === 'namespace') {
    return {
      model: model(configuration.text('runtime', 'internetworking_model')),
      vhost: !configuration.switch(qemu, 'disable_vhost_net'),
      ...network,
      rates: { ...rates, ...network.rates },
    };
  }
  if (network.kind === 'user') refuseRates(rates);
  return network;
}

function refuseRates(rates: Required<RateLimits>): void {
  const { receiveBitsPerSecond: rx, sendBitsPerSecond: tx } = rates;
  if (rx === 0 && tx === 0) return;
  const key = rx > 0 ? rateKeys.receiveBitsPerSecond : rateKeys.sendBitsPerSecond;
  throw new UsageError(
    `${key} is for links of a namespace, not for a user network`,
    'name one by --network, or leave it out',
  );
}

/** The configuration was checked when it was read. */
function model(text: string): NetworkModel {
  return text === 'macvtap' || text === 'none' ? text : 'tcfilter';
}
