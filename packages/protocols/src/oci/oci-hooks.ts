// SPDX-License-Identifier: Apache-2.0
import type { OciInteger } from './integer.ts';

/** Programs to run at points of a container's life. */
export interface OciHooks {
  prestart?: OciHook[] | undefined;
  createRuntime?: OciHook[] | undefined;
  createContainer?: OciHook[] | undefined;
  startContainer?: OciHook[] | undefined;
  poststart?: OciHook[] | undefined;
  poststop?: OciHook[] | undefined;
}

/** A program to run; `timeout` in seconds, more than 0. */
export interface OciHook {
  path: string;
  args?: string[] | undefined;
  env?: string[] | undefined;
  timeout?: OciInteger | undefined;
}
