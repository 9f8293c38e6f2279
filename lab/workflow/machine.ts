/**
 * The machine that a job has to itself, as far as one kernel can give it: mounts and processes of its own, an ordinary user
 * who may call sudo, and an empty home for that user and for root.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, type FileHandle, mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { execa } from 'execa'
import { LabError } from '../../src/base/errors.js'

/** GitHub's own user of the hosted machines. */
const RUNNER = { name: 'runner', id: 1001 }

/** What it takes to reach the network from here; sudo keeps these, too. */
const NETWORK = [
  ...['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'],
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'npm_config_registry'],
]

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** su(1) is the program that may become root; inside of a job it asks for no password. */
const PAM = ['auth', 'account', 'session'].map(type => `${type} sufficient pam_permit.so\n`).join('')

/** As Ubuntu's sudo: the environment is a new one, with a PATH of its own and root's home. */
const SUDO = `#!/bin/bash
# Stands in for sudo in a job. Options are not understood.
case \${1:-} in '' | -*) echo "sudo: '\${1:-}' is not understood here" >&2; exit 1 ;; esac
keep=()
for name in TERM LANG LC_ALL ${NETWORK.join(' ')}; do [ -z "\${!name+set}" ] || keep+=("$name=\${!name}"); done
exec su --shell /bin/sh --command 'exec "$@"' -- root sh env -i \\
  "PATH=${PATH}" HOME=/root USER=root LOGNAME=root SHELL=/bin/bash \\
  "SUDO_USER=$(id -un)" "SUDO_UID=$(id -u)" "SUDO_GID=$(id -g)" "\${keep[@]}" "$@"
`

/** In private mounts: su without a password, a passwd with the user in it, another /root and /home, and a /dev/kvm to change. */
const SETUP = `set -eu
cd "$1"
mount --bind pam /etc/pam.d/su
mount --bind passwd /etc/passwd
mount --bind root /root
if [ -n "$2" ]; then
  mount --bind "$2" home/modules/node_modules
  mount -o remount,bind,ro home/modules/node_modules
fi
mount --rbind home /home
if [ -e /dev/kvm ]; then
  mount -t tmpfs -o mode=755 netns-lab dev
  cp -a /dev/kvm dev/kvm
  mount --bind dev/kvm /dev/kvm
fi
echo ready
exec sleep infinity
`

/** How a command is run. The files are the runner's, not the job's. */
interface Command {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Where its output goes, both streams in one. */
  readonly log: string
  readonly input?: string
  /** Where standard output goes instead. */
  readonly output?: string
}

/** The same in every job, as on GitHub's machines. */
const HOME = `/home/${RUNNER.name}`
const WORK = join(HOME, 'work')
const BIN = '/home/.bin'

/** Where a machine sees npm packages that are not its own; by this name they find each other. */
export const MODULES = '/home/modules/node_modules'

/** A job's machine; everything that was started in it ends with `close`. Its paths are those that the job sees. */
export class Machine {
  readonly home = HOME
  /** What the runner keeps for the job: GitHub's RUNNER_TEMP. */
  readonly temp = join(WORK, '_temp')
  /** Where tools are put: RUNNER_TOOL_CACHE. */
  readonly tools = join(WORK, '_tool')
  /** Where actions of other repositories are. */
  readonly actions = join(WORK, '_actions')
  /** The folder of the checkout. */
  readonly workspace: string
  readonly #folder: string
  readonly #init: Init
  readonly #pid: number

  private constructor(folder: string, workspace: string, init: Init, pid: number) {
    this.#folder = folder
    this.workspace = workspace
    this.#init = init
    this.#pid = pid
  }

  /**
   * Makes one below a folder that does not exist yet, for a repository by `owner/name`; `modules` is a folder of npm packages
   * that it sees at `MODULES`. Throws LabError where this machine cannot.
   */
  static async make(folder: string, repository: string, modules?: string): Promise<Machine> {
    if (process.getuid?.() !== 0)
      throw new LabError(
        'jobs have machines of their own only where root makes them',
        'sudo env "PATH=$PATH" npm run workflow',
      )
    const name = repository.split('/').at(-1) ?? repository
    const workspace = join(WORK, name, name)
    const bin = join(folder, BIN)
    for (const path of [folder, join(folder, 'root'), join(folder, 'dev'), bin, join(folder, MODULES)])
      await mkdir(path, { recursive: true })
    const passwd = await readFile('/etc/passwd', 'utf8')
    const others = passwd
      .trimEnd()
      .split('\n')
      .filter(line => line.split(':')[2] !== String(RUNNER.id))
    const own = `${RUNNER.name}:x:${RUNNER.id}:${RUNNER.id}::${HOME}:/bin/bash`
    await writeFile(join(folder, 'passwd'), `${[...others, own].join('\n')}\n`)
    await writeFile(join(folder, 'pam'), PAM)
    await writeFile(join(bin, 'sudo'), SUDO)
    await chmod(join(bin, 'sudo'), 0o755)
    const init = start(folder, modules)
    const machine = new Machine(folder, workspace, init, await firstProcess(init))
    const { home, temp, tools, actions } = machine
    for (const path of [home, WORK, temp, tools, actions, dirname(workspace), workspace]) {
      await mkdir(machine.outside(path), { recursive: true })
      await chown(machine.outside(path), RUNNER.id, RUNNER.id)
    }
    return machine
  }

  /** The environment that every step of a job begins with, but for GitHub's own. */
  get environment(): Readonly<Record<string, string>> {
    const network = NETWORK.flatMap(name => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    })
    return {
      PATH: `${BIN}:${PATH}`,
      ...{ HOME: this.home, USER: RUNNER.name, LOGNAME: RUNNER.name, SHELL: '/bin/bash', LANG: 'C.UTF-8' },
      ...{ RUNNER_TEMP: this.temp, RUNNER_TOOL_CACHE: this.tools, RUNNER_OS: 'Linux', RUNNER_ARCH: 'X64' },
      ...Object.fromEntries(network),
    }
  }

  /** Runs a command as the job's user, with no other environment; resolves with its exit status. */
  async run({ argv, cwd, env, log, input, output }: Command): Promise<number> {
    const enter = ['--mount', '--pid', '--target', String(this.#pid)]
    const user = [
      'setpriv',
      `--reuid=${RUNNER.id}`,
      `--regid=${RUNNER.id}`,
      '--clear-groups',
      '--inh-caps=-all',
    ]
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
    const files: FileHandle[] = []
    try {
      const from = await open(input ?? '/dev/null', 'r')
      files.push(from)
      const to = await open(output ?? log, output === undefined ? 'a' : 'w')
      files.push(to)
      const said = await open(log, 'a')
      files.push(said)
      // Not execa: it would wait for whatever a step leaves behind to close its output.
      const stdio = [from.fd, to.fd, said.fd]
      const child = spawn('nsenter', [...enter, ...user, 'env', '-i', '-C', cwd, ...variables, ...argv], {
        stdio,
      })
      const [status] = (await once(child, 'exit')) as [number | null]
      return status ?? 1
    } finally {
      await Promise.all(files.map(file => file.close()))
    }
  }

  /** A path as the job means it: from its workspace, with `~` for its home. */
  path(given: string): string {
    return given.startsWith('~/') ? join(this.home, given.slice(2)) : resolve(this.workspace, given)
  }

  /** Where one of the job's paths, in its home, is for the runner. */
  outside(path: string): string {
    return join(this.#folder, path)
  }

  /** Gives what the runner put at one of the job's paths to the job's user. */
  async give(path: string): Promise<void> {
    await execa('chown', ['-R', '-h', `${RUNNER.id}:${RUNNER.id}`, this.outside(path)])
  }

  /** Ends every process of the job, and its mounts with them. */
  async close(): Promise<void> {
    this.#init.kill('SIGKILL')
    await this.#init
  }
}

type Init = ReturnType<typeof start>

/** The process that a machine lives as long as; it dies with the runner, however that ends. */
function start(folder: string, modules = '') {
  const isolated = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc']
  const argv = ['--pdeathsig', 'KILL', 'unshare', ...isolated, 'bash', '-c', SETUP, 'bash', folder, modules]
  return execa('setpriv', argv, { stdin: 'ignore', reject: false, buffer: { stdout: false, stderr: true } })
}

/** The host's number of the process that everything in a machine descends from, once its mounts are there. */
async function firstProcess(init: Init): Promise<number> {
  const ready = await Promise.race([
    new Promise<boolean>(resolve => init.stdout?.once('data', () => resolve(true))),
    init.then(() => false),
  ])
  if (!ready) {
    const { stderr } = await init
    throw new LabError(`a job's machine could not be made: ${String(stderr)}`, 'see what mount(8) says above')
  }
  const children = await readFile(`/proc/${init.pid}/task/${init.pid}/children`, 'utf8')
  return Number(children.trim().split(' ')[0])
}
