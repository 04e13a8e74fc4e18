// SPDX-License-Identifier: Apache-2.0
import { effective, list, number, toggle, type SectionRules } from './key-rule.ts';

/** `[agent.kata]`, with the defaults that Kata 4.1 has for missing keys. */
export const agentKeys: SectionRules = {
  enable_debug: effective(toggle('debug messages of the agent')),
  enable_tracing: effective(toggle('spans of the agent')),
  kernel_modules: effective(list('modules for the guest: name and parameters each')),
  debug_console_enabled: effective(toggle('a shell in the guest for debugging')),
  dial_timeout: effective(number('seconds until the agent must answer; 0 for 60', 0, { least: 0 })),
  cdh_api_timeout: number('seconds for the confidential data hub; 0 for its own', 0, { least: 0 }),
  launch_process_timeout: number('seconds for a process of the guest to start; 0 for its own', 0, {
    least: 0,
  }),
  visible_cdi_devices: toggle('show devices of the container device interface'),
};
