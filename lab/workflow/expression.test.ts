import t from 'tap'
import { interpolate, isRun, type Scope } from './expression.js'

const scope: Scope = {
  failed: false,
  contexts: {
    github: { ref: 'refs/heads/main' },
    inputs: {},
    matrix: { node: '22', list: ['a'] },
    needs: { plan: { outputs: { matrix: '{"include":[{"kernel":"debian:6.1"}]}' }, result: 'success' } },
    steps: { lab: { outcome: 'failure', outputs: { html: '' } } },
  },
}
const failed = { ...scope, failed: true }

t.test('expressions come to what GitHub makes of them', async t => {
  for (const [text, value] of [
    ['a ${{ matrix.node }} b ${{ github.ref }}', 'a 22 b refs/heads/main'],
    ['${{ fromJSON(needs.plan.outputs.matrix) }}', { include: [{ kernel: 'debian:6.1' }] }],
    ["${{ inputs.kernels || 'debian:6.1' }}", 'debian:6.1'],
    ["${{ matrix.node == 22 && 'yes' || 'no' }}", 'yes'],
    ["${{ steps.lab.outcome == 'FAILURE' }}", true],
    ["${{ (steps.lab.outputs.html != '') == false }}", true],
    ['${{ steps.lab.outputs.there-is-none }}', null],
    ["${{ 'it''s' }}", "it's"],
    ['${{ toJSON(matrix.list) }}', '[\n  "a"\n]'],
    ['no expression: $HOME }}', 'no expression: $HOME }}'],
  ] as const)
    t.strictSame(interpolate(text, scope), value, text)
})

t.test('a condition is one on success, unless it asks for the state itself', async t => {
  for (const [condition, before, after] of [
    [undefined, true, false],
    ["steps.lab.outputs.html == ''", true, false],
    ['always()', true, true],
    ["${{ always() && steps.lab.outputs.html != '' }}", false, false],
    ['failure()', false, true],
    ['!success()', false, true],
    ['false', false, false],
  ] as const) {
    t.equal(isRun(condition, scope), before, `${condition}, and nothing has failed`)
    t.equal(isRun(condition, failed), after, `${condition}, and something has failed`)
  }
})

t.test('what is not understood is an error, and so is a name that nothing has', async t => {
  for (const [text, says] of [
    ['${{ format(1) }}', /unknown function 'format'/],
    ["${{ hashFiles('package-lock.json') }}", /no files for 'hashFiles' at this place/],
    ['${{ secrets.token }}', /unknown context 'secrets'/],
    ['${{ matrix.nod }}', /unknown property of 'matrix' 'nod'/],
    ['${{ matrix.list.* }}', /not understood at/],
    ['${{ matrix.node + 1 }}', /not understood at '\+ 1'/],
    ['${{ matrix.node matrix.node }}', /not understood at 'matrix'/],
    ['${{ (matrix.node }}', /not understood at 'its end'/],
    ['${{ runner.os }}', /there is no 'runner' at this place/],
  ] as const)
    t.throws(() => interpolate(text, scope), { message: says }, text)
})

t.test(
  'a file has the hash that GitHub gives it, one that is not there none, and a pattern is an error',
  async t => {
    const workspace = t.testdir({ one: 'abc' })
    const hash = (path: string) => interpolate(`\${{ hashFiles('${path}') }}`, { ...scope, workspace })
    // printf abc | sha256sum | xxd -r -p | sha256sum
    t.equal(hash('one'), '4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358')
    t.equal(hash('two'), '')
    t.throws(() => hash('*.json'), { message: /'\*\.json' is a pattern/ })
  },
)
