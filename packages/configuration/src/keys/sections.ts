// SPDX-License-Identifier: Apache-2.0
import { agentKeys } from './agent-keys.ts';
import { factoryKeys } from './factory-keys.ts';
import { hypervisorKeys } from './hypervisor-keys.ts';
import type { SectionRules } from './key-rule.ts';
import { runtimeKeys } from './runtime-keys.ts';

/** Every section of the file and its keys. Source: the packaged configuration of Kata 4.1. */
export const sections = {
  'hypervisor.qemu': hypervisorKeys,
  'agent.kata': agentKeys,
  runtime: runtimeKeys,
  factory: factoryKeys,
} as const satisfies Readonly<Record<string, SectionRules>>;

/** Name of a section as it stands between brackets. */
export type SectionName = keyof typeof sections;

/** The sections in the order of the file. */
export const sectionNames: readonly SectionName[] = ['hypervisor.qemu', 'agent.kata', 'runtime', 'factory'];
