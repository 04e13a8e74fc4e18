// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';

import type { CliComponents } from './cli-components.ts';
import type { AgentCtlWords } from './commands/agent-ctl.ts';
import { parseEnvironment } from './parse/environment.ts';
import type { LimitWords } from './parse/limits.ts';
import { runRequest, type RunRequest, type RunWords } from './run-request.ts';

/** Receives the exit code of the command that ran. */
type Finish = (exitCode: number) => void;

/**
 * Builds the command line. The commands themselves are loaded when they are called.
 * @param components the program's world
 * @param words the words it will be given: a detached sandbox's owner understands them again
 * @param finish receives the exit code
 */
export function createProgram(components: CliComponents, words: readonly string[], finish: Finish): Command {
  const program = new Command('hako')
    .description('run containers in virtual machines of their own')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => components.stdout.write(text),
      // Errors are presented in one line by the caller; only help that was not asked for goes out here.
      writeErr: (text) => (text.startsWith('error:') ? undefined : components.stderr.write(text)),
    })
    .showSuggestionAfterError(false);

  describeRun(program.command('run'), 'run a workload in a new sandbox').action(
    async (image: string, command: string[], options: RunWords) => {
      if (options.sandbox !== undefined) {
        const { refuseMachineWords } = await import('./parse/machine-words.ts');
        refuseMachineWords(options);
        const { runInSandbox } = await import('./commands/run-in-sandbox.ts');
        const request = runRequest(image, command, options, components.env);
        finish(await runInSandbox(options.sandbox, request, components));
        return;
      }
      const request = await configured(runRequest(image, command, options, components.env), options.config);
      if (request.detach) {
        const { detach } = await import('./commands/detach.ts');
        finish(await detach(words.slice(words.indexOf('run') + 1), components));
      } else {
        const { run } = await import('./commands/run.ts');
        finish(await run(request, components));
      }
    },
  );
  describeRun(program.command('own', { hidden: true }), 'own a detached sandbox').action(
    async (image: string, command: string[], words: RunWords) => {
      const { own } = await import('./commands/owner.ts');
      const request = await configured(runRequest(image, command, words, components.env), words.config);
      finish(await own(request, components));
    },
  );
  addExec(program, components, finish);
  addControls(program, components, finish);
  addLists(program, components, finish);
  addWire(program, components, finish);
  addAgentCtl(program, components, finish);
  addConfig(program, components, finish);
  return program;
}

/** Puts a request on top of a configuration file, if one is named. */
async function configured(request: RunRequest, file: string | undefined): Promise<RunRequest> {
  if (file === undefined) return request;
  const { applyConfiguration } = await import('./config/apply-configuration.ts');
  const { readConfiguration } = await import('./config/read-configuration.ts');
  return applyConfiguration(request, await readConfiguration(file));
}

const collect = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];

function describeRun(command: Command, description: string): Command {
  return command
    .description(description)
    .argument('<image>', 'busybox, bundle:DIR, rootfs:DIR or oci:DIR[:TAG]')
    .argument('[command...]', 'the workload; everything after the image belongs to it')
    .passThroughOptions()
    .option('--rm', 'with --detach: leave no record and no logs at the end')
    .option('-d, --detach', 'return when the workload runs, and print the name of its sandbox')
    .option('-i, --interactive', 'give the workload our standard input')
    .option('-t, --tty', 'give the workload a terminal')
    .option('--cpus <n>', 'virtual CPUs')
    .option('-m, --memory <size>', 'memory of the virtual machine, such as 512m or 2g')
    .option('-e, --env <name=value>', 'set a variable; NAME alone takes ours over', collect)
    .option('-w, --workdir <dir>', 'working directory in the container')
    .option('-v, --volume <src:dst[:ro]>', 'share a directory or file of the host', collect)
    .option(
      '--network <network>',
      'none, user (reach what the host reaches), or a network namespace: a name of `ip netns` or a path',
    )
    .option('--network-model <model>', "how a namespace's links are joined: tcfilter, or none for taps")
    .option('--dns <address>', 'name server of the sandbox', collect)
    .option(
      '-p, --publish <port:port>',
      'lead a port of the host into the sandbox: [ADDRESS:]HOST:GUEST[/udp]',
      collect,
    )
    .option('--name <name>', 'name of the sandbox')
    .option('--sandbox <sandbox>', 'run in this sandbox, beside its workload')
    .option('--hostname <name>', 'host name in the container')
    .option('-u, --user <user[:group]>', 'user of the workload')
    .option('--kernel <file>', 'guest kernel to boot')
    .option('--image <file>', 'guest root image to boot')
    .option('--initrd <file>', 'guest initial ramdisk to boot')
    .option('--accel <accelerator>', 'auto, kvm or tcg')
    .option('--template <use>', 'start from a saved machine: auto (if emulated), always or never')
    .option('--config <file>', "a configuration.toml of Kata's; the words here come before it")
    .option('--debug', 'kernel messages on the guest console');
}

interface ExecWords {
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
}

function addExec(program: Command, components: CliComponents, finish: Finish): void {
  program
    .command('exec')
    .description('run one more program in a sandbox')
    .argument('<sandbox>')
    .argument('<command...>')
    .passThroughOptions()
    .option('-i, --interactive', 'give the program our standard input')
    .option('-t, --tty', 'give the program a terminal')
    .option('-e, --env <name=value>', 'set a variable; NAME alone takes ours over', collect)
    .option('-w, --workdir <dir>', 'working directory')
    .option('-u, --user <uid[:gid]>', 'user, by number')
    .action(async (sandbox: string, command: string[], words: ExecWords) => {
      const { exec } = await import('./commands/exec.ts');
      const request = {
        sandbox,
        command,
        interactive: words.interactive ?? false,
        terminal: words.tty ?? false,
        env: (words.env ?? []).flatMap((entry) => parseEnvironment(entry, components.env)),
        ...(words.workdir === undefined ? {} : { cwd: words.workdir }),
        ...(words.user === undefined ? {} : { user: words.user }),
      };
      finish(await exec(request, components));
    });
}

function addControls(program: Command, components: CliComponents, finish: Finish): void {
  for (const [name, operation, description] of [
    ['pause', 'pause', 'freeze the workloads of sandboxes'],
    ['unpause', 'resume', 'let frozen workloads go on'],
  ] as const) {
    program
      .command(name)
      .description(description)
      .argument('<sandbox...>')
      .action(async (sandboxes: string[]) => {
        const { pause } = await import('./commands/pause.ts');
        finish(await pause(operation, sandboxes, components));
      });
  }
  program
    .command('stats')
    .description('show what the workloads of sandboxes use')
    .argument('[sandbox...]', 'default: all that run')
    .option('--json', 'for programs; with --follow one list per line')
    .option('-f, --follow', 'once a second, until they end')
    .action(
      async (sandboxes: string[], { json = false, follow = false }: { json?: boolean; follow?: boolean }) => {
        const { stats } = await import('./commands/stats.ts');
        finish(await stats({ sandboxes, json, follow }, components));
      },
    );
  program
    .command('update')
    .description("change the limits of sandboxes' workloads")
    .argument('<sandbox...>')
    .option('-m, --memory <size>', 'memory, such as 64m; what does not fit is killed')
    .option('--cpus <n>', 'CPU time, such as 0.5')
    .option('--cpu-shares <n>', 'share of the CPUs beside other containers; usually 1024')
    .option('--pids <n>', 'processes and threads')
    .action(async (sandboxes: string[], words: LimitWords) => {
      const { parseLimits } = await import('./parse/limits.ts');
      const limits = parseLimits(words);
      const { update } = await import('./commands/update.ts');
      finish(await update(sandboxes, limits, components));
    });
}

function addLists(program: Command, components: CliComponents, finish: Finish): void {
  program
    .command('ps')
    .description('list sandboxes')
    .option('--json', 'for programs')
    .option('-q, --quiet', 'names only')
    .action(async ({ json = false, quiet = false }: { json?: boolean; quiet?: boolean }) => {
      const { ps } = await import('./commands/ps.ts');
      finish(await ps({ json, quiet }, components));
    });
  program
    .command('stop')
    .description('end sandboxes in order')
    .argument('<sandbox...>')
    .option('-t, --time <seconds>', 'by force after so long; default 15')
    .action(async (sandboxes: string[], { time }: { time?: string }) => {
      const { stop } = await import('./commands/stop.ts');
      finish(await stop(sandboxes, time, components));
    });
  program
    .command('rm')
    .description('remove the records of sandboxes that have ended')
    .argument('<sandbox...>')
    .option('-f, --force', 'stop them first')
    .action(async (sandboxes: string[], { force = false }: { force?: boolean }) => {
      const { rm } = await import('./commands/rm.ts');
      finish(await rm(sandboxes, force, components));
    });
  program
    .command('logs')
    .description('print what a detached workload printed')
    .argument('<sandbox>')
    .option('-f, --follow', 'go on until it ends')
    .action(async (sandbox: string, { follow = false }: { follow?: boolean }) => {
      const { logs } = await import('./commands/logs.ts');
      finish(await logs(sandbox, follow, components));
    });
  program
    .command('doctor')
    .description('check whether this machine can run sandboxes')
    .option('--json', 'for programs')
    .action(async ({ json = false }: { json?: boolean }) => {
      const { doctor } = await import('./commands/doctor.ts');
      finish(await doctor(json, components));
    });
  program
    .command('demo')
    .description('boot a sandbox and show how long each phase took')
    .action(async () => {
      const { demo } = await import('./commands/demo.ts');
      finish(await demo(components));
    });
}

interface ConfigShowWords {
  readonly config?: string;
  readonly changed?: boolean;
  readonly json?: boolean;
}

function addConfig(program: Command, components: CliComponents, finish: Finish): void {
  const config = program.command('config').description("read a configuration.toml of Kata's");
  config
    .command('show')
    .description('print every key with its value and where that comes from')
    .option('--config <file>', 'the file; config.d beside it is read too')
    .option('--changed', 'only what a file sets')
    .option('--json', 'for programs')
    .action(async (words: ConfigShowWords) => {
      const { configShow } = await import('./commands/config-show.ts');
      const { changed = false, json = false } = words;
      finish(await configShow({ file: words.config, changed, json }, components));
    });
  config
    .command('schema')
    .description('print the JSON schema of the file, for editors')
    .action(async () => {
      const { configurationSchema } = await import('@hako/configuration');
      components.stdout.write(`${JSON.stringify(configurationSchema(), null, 2)}\n`);
    });
}

interface WireShowWords {
  readonly method?: readonly string[];
  readonly follow?: boolean;
  readonly full?: boolean;
  readonly json?: boolean;
}

function addWire(program: Command, components: CliComponents, finish: Finish): void {
  const wire = program
    .command('wire')
    .description('look at recordings of ttRPC connections, and replay them');
  wire
    .command('show')
    .description('print a recording as a conversation')
    .argument('<file>')
    .option('-m, --method <name>', 'calls of this method only; may be repeated', collect)
    .option('-f, --follow', 'go on until the recording ends')
    .option('--full', 'do not shorten long values')
    .option('--json', 'one object per line, for programs')
    .action(async (file: string, words: WireShowWords) => {
      const { wireShow } = await import('./commands/wire-show.ts');
      const { method: methods = [], follow = false, full: whole = false, json = false } = words;
      finish(await wireShow({ file, methods, follow, whole, json }, components));
    });
  wire
    .command('replay')
    .description(
      "send a recording's requests to a server and compare the answers; exit code 1 when they differ",
    )
    .argument('<file>')
    .argument('<address>', 'unix://PATH, serial://PATH, hvsock://PATH:PORT or tcp://IP:PORT')
    .option('-t, --timeout <seconds>', 'how long to wait for an answer; default 10')
    .action(async (file: string, address: string, { timeout }: { timeout?: string }) => {
      const { wireReplay } = await import('./commands/wire-replay.ts');
      finish(await wireReplay({ file, address, timeout }, components));
    });
}

function addAgentCtl(program: Command, components: CliComponents, finish: Finish): void {
  const agentCtl = program
    .command('agent-ctl')
    .description("call an agent directly, with the commands of Kata's agent-ctl");
  agentCtl
    .command('connect')
    .description('run commands against an agent; exit code 1 when it refuses one')
    .option(
      '--server-address <address>',
      'unix://PATH, vsock://CID:PORT, hvsock://PATH:PORT or serial://PATH',
    )
    .option('-c, --cmd <command>', 'a command with its arguments; may be repeated', collect)
    .option('-i, --interactive', 'read commands from standard input')
    .option('-n, --no-auto-values', 'fill nothing in')
    .option('--ignore-errors', 'go on after a call that was refused')
    .option('--hybrid-vsock', 'unix://PATH is the socket of a hybrid vsock')
    .option('--hybrid-vsock-port <port>', 'the port behind it; default 1024')
    .option('--bundle-dir <dir>', 'its config.json is the specification of containers and processes')
    .option('--timeout <time>', 'deadline of every call, such as 500ms or 1m30s; default none')
    .option('--repeat <n>', 'run the commands n times')
    .action(async (words: AgentCtlWords) => {
      const { agentCtl: connect } = await import('./commands/agent-ctl.ts');
      finish(await connect(words, components));
    });
  agentCtl
    .command('examples')
    .description('print examples')
    .action(async () => {
      const { examples } = await import('./agent-ctl/examples.ts');
      components.stdout.write(examples);
    });
  for (const name of ['generate-cid', 'generate-sid']) {
    agentCtl
      .command(name)
      .description('print a random id')
      .action(async () => {
        const { randomId } = await import('./agent-ctl/remembered-names.ts');
        components.stdout.write(`${randomId()}\n`);
      });
  }
}
