// SPDX-License-Identifier: Apache-2.0
import { effective, number, text, toggle, type SectionRules } from './key-rule.ts';

/** `[factory]`, with the defaults that Kata 4.1 has for missing keys. */
export const factoryKeys: SectionRules = {
  enable_template: effective(toggle('start machines from a template')),
  template_path: text('where templates are; Hako keeps them in its cache', '/run/vc/vm/template'),
  vm_cache_number: number('machines booted ahead', 0, { least: 0 }),
  vm_cache_endpoint: text('socket of their server', '/var/run/kata-containers/cache.sock'),
};
