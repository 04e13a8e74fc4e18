// SPDX-License-Identifier: Apache-2.0

/** Which special treatment a command gets before its request is sent. */
export type Preparation =
  /** A container of an image or a specification on this machine. */
  | 'create-container'
  /** A process of a specification on this machine. */
  | 'exec-process'
  /** A sandbox without an id gets one. */
  | 'create-sandbox'
  /** A file on this machine, in as many requests as it needs. */
  | 'copy-file'
  /** A policy in a file on this machine. */
  | 'set-policy'
  /** Both questions are asked unless nothing is to be filled in. */
  | 'guest-details'
  /** SIGKILL where no signal is given. */
  | 'signal';

/** One command that calls the agent. */
export interface ApiCommand {
  /** As it is typed, in the spelling of Kata's agent-ctl. */
  readonly name: string;
  /** `grpc.AgentService`, `grpc.Health`. */
  readonly service: string;
  /** The method's name on the wire. */
  readonly method: string;
  readonly preparation?: Preparation;
}

const health = 'grpc.Health';
const agent = 'grpc.AgentService';

function call(name: string, preparation?: Preparation, method = name): ApiCommand {
  return { name, service: agent, method, ...(preparation === undefined ? {} : { preparation }) };
}

/** The commands that call the agent: those of Kata's agent-ctl, and the calls it has no command for. */
export const apiCommands: readonly ApiCommand[] = [
  call('AddARPNeighbors'),
  call('AddSwap'),
  call('AddSwapPath'),
  { name: 'Check', service: health, method: 'Check' },
  call('CloseStdin'),
  call('CopyFile', 'copy-file'),
  call('CreateContainer', 'create-container'),
  call('CreateSandbox', 'create-sandbox'),
  call('DestroySandbox'),
  call('ExecProcess', 'exec-process'),
  call('GetDiagnosticData'),
  call('GetGuestDetails', 'guest-details'),
  call('GetIptables', undefined, 'GetIPTables'),
  call('GetMetrics'),
  call('GetOOMEvent'),
  call('GetVolumeStats'),
  call('ListInterfaces'),
  call('ListRoutes'),
  call('MemAgentCompactSet'),
  call('MemAgentMemcgSet'),
  call('MemHotplugByProbe'),
  call('OnlineCPUMem'),
  call('PauseContainer'),
  call('ReadStderr'),
  call('ReadStdout'),
  call('RemoveContainer'),
  call('RemoveStaleVirtiofsShareMounts'),
  call('ReseedRandomDev'),
  call('ResizeVolume'),
  call('ResumeContainer'),
  call('SetGuestDateTime'),
  call('SetIptables', undefined, 'SetIPTables'),
  call('SetPolicy', 'set-policy'),
  call('SignalProcess', 'signal'),
  call('StartContainer'),
  call('StatsContainer'),
  call('TtyWinResize'),
  call('UpdateContainer'),
  call('UpdateEphemeralMounts'),
  call('UpdateInterface'),
  call('UpdateRoutes'),
  { name: 'Version', service: health, method: 'Version' },
  call('WaitProcess'),
  call('WriteStdin'),
];

/** The commands that call nobody, with what they do. */
export const builtInCommands = {
  echo: 'print the rest of the line',
  help: 'print all commands',
  list: 'print all commands',
  quit: 'end',
  repeat: 'repeat N: run the next command N times; 0: for ever',
  sleep: 'sleep TIME: wait, such as 500ms or 1m30s',
} as const;

/** Name of a command that calls nobody. */
export type BuiltInName = keyof typeof builtInCommands;
