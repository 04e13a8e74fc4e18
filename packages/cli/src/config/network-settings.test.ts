// SPDX-License-Identifier: Apache-2.0
import { Configuration, type FoundValue } from '@hako/configuration';
import { expect, test } from 'vitest';

import { runRequest, type RunWords } from '../run-request.ts';
import { applyConfiguration } from './apply-configuration.ts';

const model = (value: string): FoundValue => ({ section: 'runtime', key: 'internetworking_model', value });
const noVhost: FoundValue = { section: 'hypervisor.qemu', key: 'disable_vhost_net', value: true };
const noNamespace: FoundValue = { section: 'runtime', key: 'disable_new_netns', value: true };
const lan = { kind: 'namespace', path: '/run/netns/lan' };

test.each<{ what: string; found: readonly FoundValue[]; words: RunWords; network: object }>([
  {
    what: 'links are joined by filters, by the kernel of the host where it can',
    ...{ found: [], words: { network: 'lan' }, network: { ...lan, model: 'tcfilter', vhost: true } },
  },
  {
    what: 'internetworking_model and disable_vhost_net say otherwise',
    found: [model('macvtap'), noVhost],
    words: { network: 'lan' },
    network: { ...lan, model: 'macvtap', vhost: false },
  },
  {
    what: 'the word of the command line comes first',
    found: [model('macvtap')],
    words: { network: 'lan', networkModel: 'tcfilter' },
    network: { ...lan, model: 'tcfilter', vhost: true },
  },
  {
    what: 'without links they mean nothing',
    ...{ found: [model('none'), noNamespace], words: {}, network: { kind: 'none' } },
  },
])('$what', ({ found, words, network }) => {
  const configuration = Configuration.defaults().with(found, () => ({ kind: 'file', file: 'x' }));
  expect(applyConfiguration(runRequest('busybox', [], words, {}), configuration).network).toEqual(network);
});
