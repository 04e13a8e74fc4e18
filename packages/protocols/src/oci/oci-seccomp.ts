// SPDX-License-Identifier: Apache-2.0
import type { OciInteger } from './integer.ts';

/** A system call filter. */
export interface OciSeccomp {
  defaultAction: string;
  architectures?: string[] | undefined;
  flags?: string[] | undefined;
  syscalls?: OciSyscall[] | undefined;
}

/** A rule for some system calls. Without `errnoRet` the runtime's default, EPERM, is returned. */
export interface OciSyscall {
  names: string[];
  action: string;
  errnoRet?: number | undefined;
  args?: OciSyscallArg[] | undefined;
}

/** A condition on one argument; `valueTwo` is the mask of `SCMP_CMP_MASKED_EQ`. */
export interface OciSyscallArg {
  index: number;
  value: OciInteger;
  valueTwo?: OciInteger | undefined;
  op: string;
}
