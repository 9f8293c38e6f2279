/**
 * A host to do damage to: mount, network and PID namespaces of their own with a /tmp and /run of their own. To the lab that
 * is started in it, it is the machine, and everything in it that nobody else made is the lab's.
 */
import { execa } from 'execa'
import { EXIT, LabError } from '../src/base/errors.js'

const MARK = 'NETNS_LAB_SANDBOX'

/** Whether this process is inside one. */
export function insideSandbox(): boolean {
  return process.env[MARK] !== undefined
}

/** The shell stays: the first process of a PID namespace gets all orphans, and Node.js would not wait for those of others. */
const PREPARE = `set -e
case $1 in /tmp/*) ;; *) mount -t tmpfs -o mode=1777 tmpfs /tmp ;; esac
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/netns
ip link set lo up
shift
"$@"
exit $?`

/** Starts this process's command line again inside a sandbox; resolves with its exit status. Throws LabError where that takes root. */
export async function runInSandbox(): Promise<number> {
  if (process.getuid?.() !== 0) throw new LabError('a sandbox takes root', 'run it as root', EXIT.unavailable)
  const [script = '', ...args] = process.argv.slice(1)
  const flags = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
  const inside = ['sh', '-c', PREPARE, 'sh', script, process.execPath, script, ...args]
  const { exitCode } = await execa('unshare', [...flags, '--propagation', 'private', '--', ...inside], {
    stdio: 'inherit',
    env: { [MARK]: 'yes', TMPDIR: '/tmp' },
    reject: false,
  })
  return exitCode ?? EXIT.error
}
