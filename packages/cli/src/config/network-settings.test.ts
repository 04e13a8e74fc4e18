// SPDX-License-Identifier: Apache-2.0
import { Configuration, type FoundValue } from '@hako/configuration';
import { expect, test } from 'vitest';

import { runRequest, type RunWords } from '../run-request.ts';
import { applyConfiguration } from './apply-configuration.ts';

const model = (value: string): FoundValue => ({ section: 'runtime', key: 'internetworking_model', value });
const noVhost: FoundValue = { section: 'hypervisor.qemu', key: 'disable_vhost_net', value: true };
const noNamespace: FoundValue = { section: 'runtime', key: 'disable_new_netns', value: true };
const rate = (direction: 'rx' | 'tx', value: number): FoundValue => ({
  ...{ section: 'hypervisor.qemu', key: `${direction}_rate_limiter_max_rate`, value },
});
const rates = { receiveBitsPerSecond: 0, sendBitsPerSecond: 0 };
const lan = { kind: 'namespace', path: '/run/netns/lan' };

test.each<{ what: string; found: readonly FoundValue[]; words: RunWords; network: object }>([
  {
    what: 'links are joined by filters, by the kernel of the host where it can',
    ...{ found: [], words: { network: 'lan' }, network: { ...lan, model: 'tcfilter', vhost: true, rates } },
  },
  {
    what: 'internetworking_model and disable_vhost_net say otherwise',
    found: [model('macvtap'), noVhost],
    words: { network: 'lan' },
    network: { ...lan, model: 'macvtap', vhost: false, rates },
  },
  {
    what: 'the word of the command line comes first',
    found: [model('macvtap')],
    words: { network: 'lan', networkModel: 'tcfilter' },
    network: { ...lan, model: 'tcfilter', vhost: true, rates },
  },
  {
    what: 'without links they mean nothing',
    ...{ found: [model('none'), noNamespace, rate('rx', 8)], words: {}, network: { kind: 'none' } },
  },
])('$what', ({ found, words, network }) => {
  const configuration = Configuration.defaults().with(found, () => ({ kind: 'file', file: 'x' }));
  expect(applyConfiguration(runRequest('busybox', [], words, {}), configuration).network).toEqual(network);
});

test.each(['rx', 'tx'] as const)('a %s rate that the user network cannot keep is refused', (direction) => {
  const configuration = Configuration.defaults().with([rate(direction, 8)], () => ({
    kind: 'file',
    file: 'x',
  }));
  expect(() => applyConfiguration(runRequest('busybox', [], { network: 'user' }, {}), configuration)).toThrow(
    `${direction}_rate_limiter_max_rate is for links of a namespace`,
  );
});
