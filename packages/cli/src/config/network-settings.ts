// SPDX-License-Identifier: Apache-2.0
import type { Configuration } from '@hako/configuration';
import type { NetworkModel, NetworkOptions } from '@hako/sandbox';

/**
 * Fills in what a configuration says about links of a namespace; the words of the command line come before it. That no
 * namespace is to be made (`disable_new_netns`) is always so.
 * @param network what the command line says
 * @param configuration Kata's
 */
export function configuredNetwork(network: NetworkOptions, configuration: Configuration): NetworkOptions {
  if (network.kind !== 'namespace') return network;
  return {
    model: model(configuration.text('runtime', 'internetworking_model')),
    vhost: !configuration.switch('hypervisor.qemu', 'disable_vhost_net'),
    ...network,
  };
}

/** The configuration was checked when it was read. */
function model(text: string): NetworkModel {
  return text === 'macvtap' || text === 'none' ? text : 'tcfilter';
}
