// SPDX-License-Identifier: Apache-2.0
import { type AnswerNote, listenToAnswers } from '@hako/agent-server/testing/answers';
import { beforeEach, type TaskMeta } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** What agents under test have answered in this test, each once; Vitest's JSON reporter writes it out. */
    agentAnswers?: AnswerNote[];
  }
}

let meta: TaskMeta | undefined;

beforeEach(({ task }) => {
  ({ meta } = task);
});

listenToAnswers((note) => {
  if (meta === undefined) return;
  const answers = (meta.agentAnswers ??= []);
  const isKnown = answers.some(
    ({ path, status, kind }) => path === note.path && status === note.status && kind === note.kind,
  );
  if (!isKnown) answers.push(note);
});
