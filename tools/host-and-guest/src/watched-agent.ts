// SPDX-License-Identifier: Apache-2.0
import { createKataAgent, type KataAgent, type KataAgentComponents } from '@hako/agent-client';
import type { TaskMeta } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** Rows of docs/host-status.md that the test proves, beside those in its title. */
    proves?: string[];
  }
}

/** Makes an agent for a test, and notes in the test's report each method that succeeds. */
export function watchAgent(meta: TaskMeta, components: KataAgentComponents): KataAgent {
  const proves = (meta.proves ??= []);
  const note = (method: PropertyKey): void => {
    const row = `KataAgent.${String(method)}`;
    if (typeof method === 'string' && !proves.includes(row)) proves.push(row);
  };
  return new Proxy(createKataAgent(components), {
    get(agent, method) {
      const value: unknown = Reflect.get(agent, method);
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]): unknown => {
        const answer: unknown = Reflect.apply(value, agent, args);
        if (answer instanceof Promise) answer.then(() => note(method)).catch(() => undefined);
        else note(method);
        return answer;
      };
    },
  });
}
