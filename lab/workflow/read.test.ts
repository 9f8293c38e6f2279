import { readFileSync } from 'node:fs'
import t from 'tap'
import { projectRoot, repositoryFile } from '../../src/base/root.js'
import { knownActions } from './actions.js'
import { parseAssignments } from './commands.js'
import { parseWorkflow, readAction, type Step } from './read.js'

const CI = '.github/workflows/ci.yml'
const workflow = parseWorkflow(CI, readFileSync(repositoryFile(CI), 'utf8'))
const action = await readAction(projectRoot(), '.')

t.test('every action of others is pinned by its commit, with the version beside it', async t => {
  const steps: Step[] = [...Object.values(workflow.jobs).flatMap(job => job.steps), ...action.steps]
  const used = steps.flatMap(({ uses }) => (uses === undefined || uses.startsWith('./') ? [] : [uses]))
  for (const uses of used) {
    t.match(uses, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/)
    t.ok(knownActions().includes(uses.split('@')[0] ?? ''), `something stands in for ${uses}`)
  }
  const text = [CI, 'action.yml'].map(file => readFileSync(repositoryFile(file), 'utf8')).join('')
  t.equal(text.match(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/gm)?.length, used.length)
})

t.test('what is not understood is named with its file and line', async t => {
  const head = 'name: x\non: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n'
  for (const [rest, says] of [
    ['    steps:\n      - run: echo ${{ secrets.token }}\n', "x.yml:8: unknown context 'secrets'"],
    ['    steps:\n      - if: matrix.a +\n        run: x\n', "x.yml:8: the expression 'matrix.a +'"],
    [
      '    steps:\n      - run: x\n        working-directory: y\n',
      "x.yml:8: 'working-directory' is not understood",
    ],
    ['    steps:\n      - run: x\n      - name: y\n', "x.yml:9: a step either has 'run' or 'uses'"],
    ['    needs: b\n    steps:\n      - run: x\n', "x.yml:7: there is no job 'b'"],
    ['    steps: [\n', 'x.yml:8: '],
  ] as const)
    t.throws(
      () => parseWorkflow('x.yml', head + rest),
      { exitCode: 2, message: new RegExp(`^${says.replace(/[.+]/g, '\\$&')}`) },
      rest,
    )
})

t.test(
  'the action can be listed: it has an author, an icon, and a description of each input and output',
  async t => {
    t.ok(action.author && action.branding?.icon && action.branding.color)
    t.strictSame(Object.keys(action.outputs), ['verdict', 'report', 'html'])
    for (const { required, default: value } of Object.values(action.inputs))
      t.ok(required || value !== undefined, 'an input that nobody has to give has a default')
  },
)

t.test('a step’s outputs are lines, or several lines up to a delimiter', async t => {
  t.strictSame(parseAssignments('a=1\nb=x=y\nc<<END\none\n\ntwo\nEND\nd=\n'), {
    ...{ a: '1', b: 'x=y', c: 'one\n\ntwo', d: '' },
  })
  t.throws(() => parseAssignments('a<<END\none\n'), { message: /do not end with END/ })
  t.throws(() => parseAssignments('just words\n'), { message: /is no assignment/ })
})
