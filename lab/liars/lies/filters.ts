/** Lies of ebtables, and of virsh about a filter of libvirt's. */
import { quote } from '../../../src/base/shell-words.js'
import { besides, type Change, type Deed, deedOf, type Lie, otherwise, toolOf } from '../lie.js'

const NOBODY = '02:00:00:00:00:77'

/** Other ports, other addresses, other verdicts. */
export function liesAboutFilters(change: Change): Lie[] {
  const [step] = change.steps
  if (step === undefined) return []
  if (toolOf(step) === 'ebtables') return ofEbtables(change, deedOf(step))
  return toolOf(step) === 'virsh' ? ofVirsh(change) : []
}

function ofEbtables(change: Change, deed: Deed): Lie[] {
  const { node, argv } = deed
  if (!argv.includes('-A')) return []
  const at = (word: string) => argv.indexOf(word) + 1
  const rewritten = (name: string, words: readonly string[]) =>
    otherwise(change, name, () => [{ node, argv: words }])
  const port = argv[at('-o')] ?? ''
  const chain = argv[at('-A')] ?? ''
  return [
    ...otherPort(change, node, port).flatMap(other =>
      rewritten(`has it on ${other}`, argv.with(at('-o'), other)),
    ),
    ...rewritten('has it never match', argv.with(at('-s'), NOBODY)),
    ...rewritten('has it for IPv4', argv.with(at('-p'), 'IPv4')),
    ...rewritten('has it accept', argv.with(at('-j'), 'ACCEPT')),
    ...rewritten(
      'has it match the other direction',
      argv.with(at('-o') - 1, '-i').with(at('-A'), 'PREROUTING'),
    ),
    ...rewritten('has it for everything into the port', [
      ...argv.slice(0, at(chain)),
      '-o',
      port,
      '-j',
      'DROP',
    ]),
    besides(change, 'does it twice', [deed]),
    besides(change, 'drops ARP on the bridge, too', [
      { node, argv: ['ebtables', '-t', 'filter', '-A', 'FORWARD', '-p', 'ARP', '-j', 'DROP'] },
    ]),
  ]
}

function ofVirsh(change: Change): Lie[] {
  const [binding] = change.steps.filter(step => deedOf(step).argv.includes('nwfilter-binding-create'))
  const port = /portdev name='([^']+)'/
  if (!binding) return []
  const { node } = deedOf(binding)
  const other = otherPort(change, node, 'vnet0')
  return [
    ...edited(change, 'has the filter accept', 'nwfilter-define', "s/action='drop'/action='accept'/"),
    ...edited(
      change,
      'has the filter never match',
      'nwfilter-define',
      `s/srcmacaddr='[^']*'/srcmacaddr='${NOBODY}'/`,
    ),
    ...edited(
      change,
      'binds it for another MAC address',
      'nwfilter-binding-create',
      `s/mac address='[^']*'/mac address='${NOBODY}'/`,
    ),
    ...other.flatMap(name =>
      edited(
        change,
        `binds it to ${name}`,
        'nwfilter-binding-create',
        `s/${port.source}/portdev name='${name}'/`,
      ),
    ),
  ]
}

/** Has virsh read another file than it was given. */
function edited(change: Change, name: string, word: string, sed: string): Lie[] {
  return otherwise(change, name, step => {
    const { node, argv } = deedOf(step)
    if (!argv.includes(word)) return undefined
    const file = argv.at(-1) ?? ''
    const words = [...argv.slice(0, -1), `${file}.lie`].map(quote).join(' ')
    return [
      {
        node,
        argv: ['sh', '-c', `sed -E ${quote(sed)} ${quote(file)} > ${quote(`${file}.lie`)} && ${words}`],
      },
    ]
  })
}

function otherPort({ scenario }: Change, node: string, port: string): string[] {
  const bridges = scenario.topology.nodes[node]?.bridges ?? {}
  return Object.values(bridges)
    .flatMap(({ ports }) => ports)
    .filter(other => other !== port)
    .slice(0, 1)
}
