// SPDX-License-Identifier: Apache-2.0

/** What `hako agent-ctl examples` prints. */
export const examples = `# Is the agent of a sandbox alive, and which one is it?
hako agent-ctl connect --server-address unix:///run/hako/NAME/agent.sock -c Check -c Version

# All commands and what they are given. Asks nobody.
hako agent-ctl connect -c list

# A container of a bundle: create, start, read what it prints, wait, remove.
hako agent-ctl connect --server-address unix:///tmp/agent.sock --bundle-dir /path/to/bundle \\
  -c CreateSandbox -c 'CreateContainer cid=demo' -c 'StartContainer cid=demo' \\
  -c 'ReadStdout cid=demo len=4096' -c 'WaitProcess cid=demo' -c 'RemoveContainer cid=demo'

# Of an image whose files the agent sees at the same place.
hako agent-ctl connect --server-address unix:///tmp/agent.sock \\
  -c 'CreateContainer json://{"image": "busybox", "id": "demo1234"}'

# A name that was given once holds for the commands behind it.
hako agent-ctl connect --server-address vsock://3:1024 \\
  -c 'StatsContainer cid=demo' -c 'repeat 10' -c StatsContainer

# A request as JSON, from a file, with a deadline.
hako agent-ctl connect --server-address vsock://3:1024 --timeout 1m30s \\
  -c 'UpdateInterface file:///path/to/request.json'

# Type to a program, and end its input.
hako agent-ctl connect --server-address unix:///tmp/agent.sock \\
  -c 'WriteStdin cid=demo data=hex:68690a' -c 'CloseStdin cid=demo'

# Through the socket of a hybrid vsock, as Cloud Hypervisor and Firecracker have it.
hako agent-ctl connect --server-address unix:///run/vm.sock --hybrid-vsock -c Check

# Copy a file into the guest.
hako agent-ctl connect --server-address unix:///tmp/agent.sock \\
  -c 'CopyFile json://{"src": "/etc/hosts", "dest": "/run/kata-containers/shared/containers/hosts"}'

# Commands from the keyboard, until quit.
hako agent-ctl connect --server-address unix:///tmp/agent.sock --interactive
`;
