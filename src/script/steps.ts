/** Steps of a plan as calls of the script's own functions. */
import { command } from '../base/shell-words.js'
import {
  type DaemonStep,
  daemonCommand,
  type LinksUpStep,
  type PersistStep,
  type Step,
} from '../model/steps.js'
import { mldQuery, ROUTER_ALERT } from '../topology/mld-query.js'
import { programOf } from '../topology/programs.js'
import { routerAdvertisement } from '../topology/router-advertisement.js'

/** The shell lines that perform a step. */
export function stepLines(step: Step): string {
  switch (step.do) {
    case 'serve':
      return command(['serve', step.node, step.protocol, step.address, String(step.port)])
    case 'daemon':
      return daemonLines(step)
    case 'advertise': {
      const { node, device, to, why } = step
      const message = routerAdvertisement(step).toString('hex')
      return command(['as_router', why, node, device, to, 'Icmp6InRouterAdvertisements', '255', message])
    }
    case 'query': {
      const { node, device, to, why } = step
      const message = [mldQuery(), ROUTER_ALERT].map(bytes => bytes.toString('hex'))
      // A bridge takes a querier for one when the time for answers is over.
      return `${command(['as_router', why, node, device, to, 'Icmp6InGroupMembQueries', '1', ...message])}\nsleep 0.2`
    }
    case 'links-up':
      return linksUpLines(step)
    case 'sysctls': {
      if (!step.readBack) return stepLines(programOf(step))
      const pairs = Object.entries(step.values).map(([key, value]) => `${key}=${value}`)
      return command(['write_sysctls', step.why, step.node, ...pairs])
    }
    case 'persist':
      return command(['step', step.why, step.node, 'sh', '-c', persistScript(step)])
    case 'namespaces':
    case 'network':
    case 'features':
      return stepLines(programOf(step))
    case 'run':
      return step.untilNot === undefined
        ? command(['step', step.why, step.node ?? '-', ...step.argv], step.stdin)
        : command(['wait_until_not', step.why, step.node ?? '-', step.untilNot, ...step.argv])
  }
}

/** Programs that a step calls, to be looked for before anything is built. */
export function stepTools(step: Step): string[] {
  switch (step.do) {
    case 'serve':
      return ['ss']
    case 'advertise':
    case 'query':
      return ['python3', 'nstat', 'awk']
    case 'links-up':
      return step.ports ? ['ip', 'bridge'] : ['ip']
    case 'daemon':
      return [step.argv[0] ?? '', ...('argv' in step.ready ? [step.ready.argv[0] ?? ''] : [])]
    case 'run':
      return [step.argv[0] ?? '']
    case 'persist':
      return step.by === 'nft' ? ['nft'] : [step.programs.save, step.programs.restore]
    default:
      return stepTools(programOf(step))
  }
}

/** Saves rules, takes them away and loads them; what cannot be loaded is not there then, as after a boot. */
function persistScript({ by, programs: { save, restore } }: PersistStep): string {
  const [print, flush, load] =
    by === 'nft'
      ? ['nft list ruleset', 'nft flush ruleset', 'nft -f "$saved"']
      : [save, `sed -n '/^\\*/{p;s/.*/COMMIT/p}' "$saved" | ${restore}`, `${restore} <"$saved"`]
  return `saved=$(mktemp) && ${print} >"$saved" && ${flush} && { ${load} || :; }; rm -f "$saved"`
}

function linksUpLines({ node, devices, ports, why }: LinksUpStep): string {
  const names = Object.keys(devices).map(name => name.replaceAll('.', '\\.'))
  const down = `^[0-9]+: (${names.join('|')})[@:].*(NO-CARRIER| qdisc noop )`
  return [
    command(['wait_until_not', why, node, down, 'ip', '-o', 'link', 'show']),
    ...(ports
      ? [command(['wait_until_not', why, node, 'state (disabled|listening|learning)', 'bridge', 'link'])]
      : []),
  ].join('\n')
}

function daemonLines(step: DaemonStep): string {
  const { node, folder, files, ready, why } = step
  const { folders, argv } = daemonCommand(step)
  const inside = Object.keys(files).flatMap(name =>
    name.includes('/') ? [`${folder}/${name.slice(0, name.lastIndexOf('/'))}`] : [],
  )
  const check = 'file' in ready ? ['test', '-e', ready.file] : ready.argv
  return [
    command(['mkdir', '-p', folder, ...inside, ...folders]),
    ...Object.entries(files).map(([name, content]) => command(['write_file', `${folder}/${name}`], content)),
    `${command(['in_node', node, ...argv])} >"$work/daemon.log" 2>&1 &`,
    command(['wait_until', why, node, ...check]),
  ].join('\n')
}
