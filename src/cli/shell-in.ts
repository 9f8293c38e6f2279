/** A shell in a node of a topology that stands. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { EXIT } from '../base/errors.js'
import { missingTool } from '../base/tools.js'
import type { TopologyInstance } from '../engine/topology-instance.js'

/**
 * Bash with the user's own settings and a prompt that says where it is. tcpdump gives its privileges up for a user of its
 * own, which a user namespace with only root in it cannot have.
 */
const RC = `[ ! -r ~/.bashrc ] || . ~/.bashrc
unset PROMPT_COMMAND
alias tcpdump='tcpdump -Z root'
PS1="$NETNS_LAB_PROMPT"
`

/** Runs a shell in a node until it ends: interactive on a terminal, else with the commands of standard input. */
export async function shellIn(topology: TopologyInstance, node: string): Promise<number> {
  const { scenario } = topology.plan
  const bash = missingTool('bash') === undefined
  const rc = join('/run/netns-lab', 'bashrc')
  writeFileSync(rc, RC)
  const prompt = bash ? `[${scenario}] ${node}:\\w\\$ ` : `[${scenario}] ${node}# `
  const args = !process.stdin.isTTY ? [] : bash ? ['--rcfile', rc, '-i'] : ['-i']
  const { child } = topology.netns(node).inside(() => ({
    child: execa(bash ? 'bash' : 'sh', args, {
      stdio: 'inherit',
      reject: false,
      env: { PS1: prompt, NETNS_LAB_PROMPT: prompt },
    }),
  }))
  return (await child).exitCode ?? EXIT.interrupted
}
