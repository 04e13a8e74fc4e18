// SPDX-License-Identifier: Apache-2.0
import type { LinuxSeccomp, LinuxSyscall } from '../generated/oci.ts';
import { ProtocolsError } from '../protocols-error.ts';
import { givenList } from './absence.ts';
import { fromInt64, fromPositiveInt64 } from './integer.ts';
import {
  knownSeccompAction,
  knownSeccompArchitecture,
  knownSeccompFlag,
  knownSeccompOperator,
} from './known-names.ts';
import type { OciSeccomp, OciSyscall } from './oci-seccomp.ts';

/** Number of arguments a system call can have. */
const maxSyscallArgs = 6n;

function argumentIndex(index: bigint, field: string): number {
  if (index >= maxSyscallArgs)
    throw new ProtocolsError('invalid_spec', field, `is not an argument of a call: ${index}`);
  return Number(index);
}

function syscallFromGrpc(rule: LinuxSyscall, field: string): OciSyscall {
  return {
    names: rule.Names,
    action: knownSeccompAction(rule.Action, `${field}.action`),
    // Left absent when the sender left it unset: the runtime then fails the call with EPERM, where a zero would let it
    // look successful.
    errnoRet: rule.ErrnoRet?.value,
    args: givenList(
      rule.Args.map((arg, index) => ({
        index: argumentIndex(arg.Index, `${field}.args[${index}].index`),
        value: fromInt64(arg.Value),
        valueTwo: fromPositiveInt64(arg.ValueTwo),
        op: knownSeccompOperator(arg.Op, `${field}.args[${index}].op`),
      })),
    ),
  };
}

/** Reads a system call filter. Throws `invalid_spec` for unknown actions, architectures, flags and comparisons. */
export function seccompFromGrpc(seccomp: LinuxSeccomp): OciSeccomp {
  const field = 'linux.seccomp';
  return {
    defaultAction: knownSeccompAction(seccomp.DefaultAction, `${field}.defaultAction`),
    architectures: givenList(
      seccomp.Architectures.map((name, index) =>
        knownSeccompArchitecture(name, `${field}.architectures[${index}]`),
      ),
    ),
    flags: givenList(seccomp.Flags.map((name, index) => knownSeccompFlag(name, `${field}.flags[${index}]`))),
    syscalls: givenList(
      seccomp.Syscalls.map((rule, index) => syscallFromGrpc(rule, `${field}.syscalls[${index}]`)),
    ),
  };
}
