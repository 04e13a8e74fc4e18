// SPDX-License-Identifier: Apache-2.0

/** Where the memory of a guest goes whose kernel panics. */
export interface MemoryDump {
  /**
   * Gets a directory named by the machine's id, with the memory (`vmcore-TIME.elf`, for crash(8) and gdb(1)) and what is known of
   * the machine. Made when it is needed. Nothing is written unless there is room for twice the memory.
   */
  readonly directory: string;
  /**
   * With the guest's virtual addresses, for gdb(1). The guest's page tables are believed then, and a hostile guest can make
   * the hypervisor take much memory. Default false.
   */
  readonly paging?: boolean;
}
