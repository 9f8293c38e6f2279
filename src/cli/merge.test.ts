import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { EXIT } from '../base/errors.js'
import { everyVerdict, RECORDED } from '../report/synthetic.fixture.js'
import { path } from '../report/written.fixture.js'

t.test(
  'lab merge writes one page of several reports, and exits with the worst of their statuses',
  async test => {
    const main = fileURLToPath(new URL('./main.js', import.meta.url))
    const lab = (...args: string[]) =>
      spawnSync(process.execPath, [main, 'merge', ...args], { encoding: 'utf8' })
    writeFileSync(path('bad.json'), JSON.stringify(everyVerdict))
    const merged = lab(RECORDED, path('bad.json'), '--reporter', `html=${path('merged.html')}`)
    test.equal(merged.status, EXIT.error)
    test.match(readFileSync(path('merged.html'), 'utf8'), 'id="flaky-all-ok"')
    test.equal(lab(RECORDED).status, EXIT.ok)
    const wrong = lab(fileURLToPath(import.meta.url))
    test.equal(wrong.status, EXIT.usage)
    test.match(wrong.stderr, /merge\.test\.js is not JSON/)
  },
)
