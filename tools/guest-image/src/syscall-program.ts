// SPDX-License-Identifier: Apache-2.0

/** System call numbers of x86-64 Linux, as far as the guest's first process needs them (syscall(2)). */
const syscallNumbers = {
  chdir: 80,
  chroot: 161,
  execve: 59,
  init_module: 175,
  mkdir: 83,
  mount: 165,
  reboot: 169,
} as const;

/** An argument: a number, a NUL-terminated text, raw bytes, or a NULL-terminated list of texts (argv, envp). */
export type SyscallArgument = number | string | Buffer | readonly string[];

/** One system call of a program. */
export interface SyscallStep {
  readonly call: keyof typeof syscallNumbers;
  /** At most six. */
  readonly arguments: readonly SyscallArgument[];
  /**
   * How often the call may be tried, with a millisecond between. When the last try fails the program exits with the
   * step's number (counted from 1), which as PID 1 is a kernel panic that names it. Default 1; 0: failure is ignored.
   */
  readonly attempts?: number;
}

const loadAddress = 0x400000;
const elfHeaderLength = 64;
const programHeaderLength = 56;
const stepLength = 64;

/**
 * The interpreter: walks over the table of steps, 64 bytes each (number, six arguments, attempts).
 * `TABLE` and `PAUSE` (a timespec) are patched in as 32-bit addresses.
 */
function machineCode(tableAddress: number, pauseAddress: number): Buffer {
  const address = (value: number): number[] => [
    value & 0xff,
    (value >> 8) & 0xff,
    (value >> 16) & 0xff,
    (value >> 24) & 0xff,
  ];
  return Buffer.from(
    [
      [0xbb, ...address(tableAddress)], //  mov  ebx, TABLE
      [0x45, 0x31, 0xed], //                xor  r13d, r13d      ; number of the step
      // next:
      [0x41, 0xff, 0xc5], //                inc  r13d
      // again:
      [0x48, 0x8b, 0x03], //                mov  rax, [rbx]
      [0x48, 0x8b, 0x7b, 0x08], //          mov  rdi, [rbx+8]
      [0x48, 0x8b, 0x73, 0x10], //          mov  rsi, [rbx+16]
      [0x48, 0x8b, 0x53, 0x18], //          mov  rdx, [rbx+24]
      [0x4c, 0x8b, 0x53, 0x20], //          mov  r10, [rbx+32]
      [0x4c, 0x8b, 0x43, 0x28], //          mov  r8,  [rbx+40]
      [0x4c, 0x8b, 0x4b, 0x30], //          mov  r9,  [rbx+48]
      [0x0f, 0x05], //                      syscall
      [0x48, 0x85, 0xc0], //                test rax, rax
      [0x79, 0x1e], //                      jns  done
      [0x8b, 0x43, 0x38], //                mov  eax, [rbx+56]   ; attempts left
      [0x85, 0xc0], //                      test eax, eax
      [0x74, 0x17], //                      jz   done
      [0xff, 0xc8], //                      dec  eax
      [0x74, 0x19], //                      jz   fail
      [0x89, 0x43, 0x38], //                mov  [rbx+56], eax
      [0xb8, ...address(35)], //            mov  eax, nanosleep
      [0xbf, ...address(pauseAddress)], //  mov  edi, PAUSE
      [0x31, 0xf6], //                      xor  esi, esi
      [0x0f, 0x05], //                      syscall
      [0xeb, 0xc0], //                      jmp  again
      // done:
      [0x48, 0x83, 0xc3, stepLength], //    add  rbx, 64
      [0xeb, 0xb7], //                      jmp  next
      // fail:
      [0x44, 0x89, 0xef], //                mov  edi, r13d
      [0xb8, ...address(60)], //            mov  eax, exit
      [0x0f, 0x05], //                      syscall
    ].flat(),
  );
}

/**
 * Compiles a straight list of system calls into a static ELF program for x86-64 Linux.
 *
 * The guest's first process has nothing to decide: it loads modules, mounts and executes. A shell or a C library for
 * that costs page faults, forks and a binary of megabytes; this costs the calls themselves.
 *
 * @param steps - The calls, the last of which does not return (`execve`); when it fails the program exits.
 */
export function compileSyscallProgram(steps: readonly SyscallStep[]): Buffer {
  const codeOffset = elfHeaderLength + programHeaderLength;
  const codeLength = machineCode(0, 0).length;
  const pauseOffset = align(codeOffset + codeLength, 16);
  const tableOffset = pauseOffset + 16;
  const data = new DataSection(loadAddress + tableOffset + steps.length * stepLength);

  const pause = Buffer.alloc(16);
  pause.writeBigUInt64LE(1_000_000n, 8);
  const table = Buffer.concat(steps.map((step) => encodeStep(step, data)));
  const code = machineCode(loadAddress + tableOffset, loadAddress + pauseOffset);
  const gap = Buffer.alloc(pauseOffset - codeOffset - codeLength);
  const body = Buffer.concat([code, gap, pause, table, data.bytes()]);
  return Buffer.concat([elfHeaders(loadAddress + codeOffset, codeOffset + body.length), body]);
}

function encodeStep(step: SyscallStep, data: DataSection): Buffer {
  if (step.arguments.length > 6)
    throw new RangeError(`system call with more than six arguments: ${step.call}`);
  const encoded = Buffer.alloc(stepLength);
  encoded.writeBigUInt64LE(BigInt(syscallNumbers[step.call]), 0);
  step.arguments.forEach((argument, index) => {
    encoded.writeBigUInt64LE(BigInt(data.place(argument)), 8 + 8 * index);
  });
  encoded.writeUInt32LE(step.attempts ?? 1, 56);
  return encoded;
}

/** What the pointers of the table point to. */
class DataSection {
  readonly #parts: Buffer[] = [];
  #end: number;

  constructor(address: number) {
    this.#end = address;
  }

  /** Places what an argument points to and returns the word that goes into the register. */
  place(argument: SyscallArgument): number {
    if (typeof argument === 'number') return argument;
    if (typeof argument === 'string') return this.#append(Buffer.from(`${argument}\0`));
    if (Buffer.isBuffer(argument)) return this.#append(argument);
    const pointers = argument.map((text) => this.#append(Buffer.from(`${text}\0`)));
    const list = Buffer.alloc(8 * (pointers.length + 1));
    pointers.forEach((pointer, index) => list.writeBigUInt64LE(BigInt(pointer), 8 * index));
    return this.#append(list);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #append(bytes: Buffer): number {
    const address = this.#end;
    const padded = Buffer.concat([bytes, Buffer.alloc(align(bytes.length, 16) - bytes.length)]);
    this.#parts.push(padded);
    this.#end += padded.length;
    return address;
  }
}

/** ELF header and the one program header: everything is loaded readable, writable and executable. elf(5). */
function elfHeaders(entry: number, fileLength: number): Buffer {
  const header = Buffer.alloc(elfHeaderLength + programHeaderLength);
  header.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  header.writeUInt16LE(2, 16); // ET_EXEC
  header.writeUInt16LE(62, 18); // EM_X86_64
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(entry), 24);
  header.writeBigUInt64LE(BigInt(elfHeaderLength), 32);
  header.writeUInt16LE(elfHeaderLength, 52);
  header.writeUInt16LE(programHeaderLength, 54);
  header.writeUInt16LE(1, 56);
  const segment = header.subarray(elfHeaderLength);
  segment.writeUInt32LE(1, 0); // PT_LOAD
  segment.writeUInt32LE(7, 4); // PF_R | PF_W | PF_X
  segment.writeBigUInt64LE(BigInt(loadAddress), 16);
  segment.writeBigUInt64LE(BigInt(loadAddress), 24);
  segment.writeBigUInt64LE(BigInt(fileLength), 32);
  segment.writeBigUInt64LE(BigInt(fileLength), 40);
  segment.writeBigUInt64LE(4096n, 48);
  return header;
}

function align(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
