// SPDX-License-Identifier: Apache-2.0
import { Configuration, type FoundValue, type Setting } from '@hako/configuration';
import { expect, test, vi } from 'vitest';

import { runRequest } from '../run-request.ts';
import { applyConfiguration } from './apply-configuration.ts';

/** Keys that the rules for annotations act upon. */
const forAnnotations = ['enable_annotations', /^valid_/];

function isForAnnotations({ key }: Setting): boolean {
  return forAnnotations.some((pattern) =>
    typeof pattern === 'string' ? pattern === key : pattern.test(key),
  );
}

/** The keys that are read when a run is put together. */
function keysRead(configuration: Configuration, network: string): readonly string[] {
  const spies = (['text', 'number', 'switch', 'list'] as const).map((method) =>
    vi.spyOn(configuration, method),
  );
  applyConfiguration(runRequest('busybox', [], { network }, {}), configuration);
  return spies.flatMap((spy) => spy.mock.calls.map(([section, key]) => `${section}.${key}`));
}

test('the keys that a run is made of are those that say so', () => {
  const defaults = Configuration.defaults();
  const switchedOn: readonly FoundValue[] = defaults.settings
    .filter(({ value }) => value === false)
    .map(({ section, key }) => ({ section, key, value: true }));
  const labelled: FoundValue = { section: 'runtime', key: 'guest_selinux_label', value: 'label' };
  const turned = defaults.with([...switchedOn, labelled], () => ({ kind: 'file', file: 'x' }));
  const read = new Set([defaults, turned].flatMap((each) => keysRead(each, '/run/netns/x')));
  const driven = defaults.settings
    .filter((setting) => setting.rule.effective === true && !isForAnnotations(setting))
    .map(({ section, key }) => `${section}.${key}`);
  expect([...read].toSorted()).toEqual(driven.toSorted());
});
