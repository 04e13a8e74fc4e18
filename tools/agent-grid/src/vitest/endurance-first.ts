// SPDX-License-Identifier: Apache-2.0
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const isEndurance = ({ moduleId }: TestSpecification): boolean =>
  moduleId.endsWith('/endurance.guest.test.ts');

/** Begins with the one file that takes minutes: the others fit beside it, and none would be left to when it came last. */
export class EnduranceFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isEndurance), ...sorted.filter((file) => !isEndurance(file))];
  }
}
