/** Started in namespaces of its own by aside.kernel.test.ts: configures a node, and prints what the thread reads of it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { addNetns, Netns } from '../world/netns.js'
import { NodesAside } from './aside.js'

execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
mkdirSync('/run/netns')
addNetns('a')
const netns = new Netns('a')
const write = (key: string, value: string) => netns.writeSysctls([[key, value]])
const of = (node: string, name: string) =>
  new NodesAside([
    {
      ...{ node, netns: name, devices: [[1, 'lo']] },
      ...{ own: ['net.ipv4.ip_forward'], built: ['net.ipv4.conf.default.rp_filter'] },
    },
  ])
/** As soon as the thread has done what it was told before. */
const descriptors = async () => {
  await of('gone', 'none')
    .read(true)
    .catch(() => {})
  return readdirSync('/proc/self/fd').length
}

const before = await descriptors()
const nodes = of('a', 'a')
const look = async (thorough: boolean) => (await nodes.read(thorough)).get('a')
const first = await look(true)
const same = (await look(true)) === first
write('net.ipv4.ip_forward', '1')
write('net.ipv4.conf.default.rp_filter', '1')
const hasty = await look(false)
const thorough = await look(true)
execFileSync('ip', ['-n', 'a', 'addr', 'add', '127.0.0.2/8', 'dev', 'lo'])
const added = await look(false)
execFileSync('ip', ['-n', 'a', 'addr', 'del', '127.0.0.2/8', 'dev', 'lo'])
const deleted = await look(false)
const refusal = await of('b', 'none')
  .read(true)
  .then(
    () => 'none',
    (error: Error) => `${error.name}: ${error.message}`,
  )
nodes.close()
const after = await descriptors()

const forwards = 'sysctl net.ipv4.ip_forward'
const filters = 'sysctl net.ipv4.conf.default.rp_filter'
process.stdout.write(
  JSON.stringify({
    first: [first?.get(forwards), first?.get(filters), first?.get('sysctl net.ipv4.conf.lo.accept_local')],
    same,
    hasty: [hasty?.get(forwards), hasty?.get(filters)],
    thorough: [thorough?.get(forwards), thorough?.get(filters)],
    added: [...(added ?? [])].filter(([what]) => !thorough?.has(what)).map(([what]) => what),
    deleted: [...(deleted ?? [])].filter(([what, value]) => thorough?.get(what) !== value),
    kept: before === after,
    refusal,
  }),
)
