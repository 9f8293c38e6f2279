/** Fixes whose rules are saved and loaded, with this machine's own tools. */
import t from 'tap'
import { missingTool } from '../base/tools.js'
import { reportSchema } from '../model/report.js'
import { lab } from './cli.fixture.js'

t.setTimeout(120_000)

t.test(
  'what is saved by iptables-save comes again, and nft turns a negated --ctstate into its opposite',
  { skip: missingTool('nft') ?? false },
  async test => {
    const { exitCode, stdout, stderr } = await lab([
      ...['run', 'nova-float-hairpin', 'localhost-from-neighbour', 'lan-dnat-without-snat'],
      ...['--iptables', 'nft', '--persist', 'both', '--json', '-'],
    ])
    if (exitCode === 4) {
      test.pass('rules are saved', { skip: stderr.trim().slice(0, 200) })
      return
    }
    test.equal(exitCode, 0, stderr)
    const { scenarios } = reportSchema.parse(JSON.parse(stdout.slice(stdout.indexOf('{\n'))))
    const persisted = scenarios.flatMap(({ id, trials }) =>
      trials.flatMap(trial => (trial.phase === 'persisted' ? [{ ...trial, id }] : [])),
    )
    const of = (how: string) => persisted.filter(one => one.persisted === how)
    test.ok(of('iptables-save').length > 0)
    test.same(
      of('iptables-save').filter(({ verdict, outcome }) => verdict !== 'confirmed' || outcome !== 'works'),
      [],
    )
    const lost = of('nft').filter(({ outcome }) => outcome === 'fails')
    test.same([...new Set(lost.map(({ id, probe, mechanism }) => `${id} ${probe} ${mechanism}`))].sort(), [
      'localhost-from-neighbour localhost-nodeport answer-dropped',
      'localhost-from-neighbour neighbour-to-localhost localhost-routed',
      'nova-float-hairpin float-ping martian-source',
      'nova-float-hairpin float-tcp martian-source',
    ])
    const changes = scenarios.flatMap(({ phases = [] }) => phases).flatMap(({ changes: all }) => all)
    test.ok(changes.some(({ after }) => /ct status dnat accept$/.test(after ?? '')))
  },
)
