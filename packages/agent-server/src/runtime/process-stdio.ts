// SPDX-License-Identifier: Apache-2.0
import type { ProcessIo } from '../process/process-io.ts';
import type { CrunComponents, DescriptorFactory } from './crun-components.ts';

/** Standard streams made ready for a process that is about to be started. */
export interface PreparedStdio extends Disposable {
  /** `stdio` for child_process. */
  readonly stdio: readonly ('ignore' | number)[];
  /** Words for the runtime's command line. */
  readonly args: readonly string[];
  /** Closes the ends that belong to the child; to be called once it has been spawned. */
  closeChildEnds(): void;
  /** The agent's ends, which from then on belong to the caller. Before, disposal closes them. */
  take(): ProcessIo;
}

/** Three pipes: programs may reopen `/dev/stdout`, which fails on the sockets child_process would make. */
function preparePipes(descriptors: DescriptorFactory, capacityBytes: number): PreparedStdio {
  using undo = new DisposableStack();
  const childFds: number[] = [];
  const closeChildEnds = () => {
    for (const fd of childFds.splice(0)) descriptors.closeFd(fd);
  };
  undo.defer(closeChildEnds);
  const makePipe = (childEnd: 'readFd' | 'writeFd', ownEnd: 'readFd' | 'writeFd') => {
    const pipe = descriptors.createPipe(capacityBytes > 0 ? { capacityBytes } : {});
    childFds.push(pipe[childEnd]);
    return pipe[ownEnd];
  };
  const stdin = descriptors.createWriter(makePipe('readFd', 'writeFd'));
  undo.defer(() => stdin.close());
  const stdout = descriptors.createReader(makePipe('writeFd', 'readFd'), capacityBytes === 0);
  undo.defer(() => stdout.close());
  const stderr = descriptors.createReader(makePipe('writeFd', 'readFd'), capacityBytes === 0);
  undo.defer(() => stderr.close());
  const owned = undo.move();
  return {
    stdio: [...childFds],
    args: [],
    closeChildEnds,
    take() {
      owned.move();
      return { kind: 'pipes', stdin, stdout, stderr };
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** A terminal is made by the runtime, inside the container, and handed over by a socket. */
function prepareTerminal(descriptors: DescriptorFactory, socketPath: string): PreparedStdio {
  const receiver = descriptors.createTerminalReceiver(socketPath);
  return {
    stdio: ['ignore', 'ignore', 'ignore'],
    args: ['--console-socket', receiver.path],
    closeChildEnds: () => undefined,
    take: () => ({ kind: 'terminal', terminal: descriptors.createTerminal(receiver.receiveTerminal()) }),
    [Symbol.dispose]: () => receiver[Symbol.dispose](),
  };
}

/**
 * Makes the standard streams of a process.
 *
 * @param socketPath - where the terminal is handed over; at most 107 bytes
 */
export function prepareStdio(
  components: Pick<CrunComponents, 'descriptors'>,
  options: { readonly terminal: boolean; readonly socketPath: string; readonly capacityBytes: number },
): PreparedStdio {
  if (options.terminal) return prepareTerminal(components.descriptors, options.socketPath);
  return preparePipes(components.descriptors, options.capacityBytes);
}
