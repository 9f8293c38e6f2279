/** Steps of a plan as calls of the script's own functions. */

import { command } from '../base/shell-words.js'
import { PRIVATE_FOLDERS } from '../engine/topology-instance.js'
import type { DaemonStep, LinksUpStep, Step } from '../model/steps.js'

/** The shell lines that perform a step. */
export function stepLines(step: Step): string {
  if (step.do === 'serve')
    return command(['serve', step.node, step.protocol, step.address, String(step.port)])
  if (step.do === 'daemon') return daemonLines(step)
  if (step.do === 'links-up') return linksUpLines(step)
  const node = step.node ?? '-'
  if (step.untilNot !== undefined)
    return command(['wait_until_not', step.why, node, step.untilNot, ...step.argv])
  if (step.readBack) {
    const pairs = Object.entries(step.readBack).map(([key, value]) => `${key}=${value}`)
    return command(['write_sysctls', step.why, node, ...pairs])
  }
  return command(['step', step.why, node, ...step.argv], step.stdin)
}

/** Programs that a step calls, to be looked for before anything is built. */
export function stepTools(step: Step): string[] {
  if (step.do === 'serve') return ['ss']
  if (step.do === 'links-up') return step.ports ? ['ip', 'bridge'] : ['ip']
  const tools = [step.argv[0] ?? '']
  if (step.do === 'run') return tools
  return 'argv' in step.ready ? [...tools, step.ready.argv[0] ?? ''] : tools
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

function daemonLines({ node, argv, folder, files, ready, privateFolders = {}, why }: DaemonStep): string {
  const folders = Object.entries(privateFolders)
  const made = [
    ...Object.keys(files).flatMap(name =>
      name.includes('/') ? [`${folder}/${name.slice(0, name.lastIndexOf('/'))}`] : [],
    ),
    ...folders.map(([, name]) => `${folder}/${name}`),
  ]
  const program =
    folders.length === 0
      ? argv
      : [
          ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', PRIVATE_FOLDERS, 'sh'],
          ...folders.flatMap(([path, name]) => [path, `${folder}/${name}`]),
          '--',
          ...argv,
        ]
  const check = 'file' in ready ? ['test', '-e', ready.file] : ready.argv
  return [
    command(['mkdir', '-p', folder, ...made]),
    ...Object.entries(files).map(([name, content]) => command(['write_file', `${folder}/${name}`], content)),
    `${command(['in_node', node, ...program])} >"$work/daemon.log" 2>&1 &`,
    command(['wait_until', why, node, ...check]),
  ].join('\n')
}
