import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { isBad } from '../model/verdict.js'
import { diffReports, isWorse } from './diff.js'
import { folderReporter } from './folder.js'
import { renderDiff } from './html/diff.js'
import { combine } from './registry.js'
import { replay } from './replay.js'
import { everyVerdict, HOSTILE, hostile, recorded } from './synthetic.fixture.js'
import { written } from './written.fixture.js'

t.test('the page needs no network, and what the kernel says stays text', async test => {
  const page = (await written([hostile], ['html'])).html ?? ''
  test.notMatch(page, /<(link|img|iframe|object)|@import|url\(|\ssrc=/)
  test.match(page, "default-src 'none'")
  test.equal(page.match(/<script>/g)?.length, 1, 'the only script is its own')
})

t.test('what went wrong comes first, in the table and below it', async test => {
  const page = (await written([everyVerdict], ['html'])).html ?? ''
  const bad = everyVerdict.scenarios.filter(({ verdict }) => isBad(verdict)).length
  for (const pattern of [/<tr data-of="([^"]*)"/g, /<article id="([^"]*)"/g]) {
    const ids = [...page.matchAll(pattern)].map(([, id]) => id)
    const verdicts = ids.map(id => everyVerdict.scenarios.find(scenario => scenario.id === id)?.verdict)
    test.equal(verdicts.length, everyVerdict.scenarios.length)
    test.ok(
      verdicts.slice(0, bad).every(verdict => verdict && isBad(verdict)),
      verdicts.join(),
    )
    test.equal(verdicts[0], 'error')
  }
  for (const { id, verdict } of everyVerdict.scenarios)
    test.match(page, `<article id="${id}" data-verdicts="${verdict}"`, 'the filter finds it')
})

t.test('the page of a folder leads to what is kept there, and to the state after each trial', async test => {
  await withDir(
    async ({ path: folder }) => {
      const reporters = combine([{ name: 'folder', reporter: folderReporter(folder) }], complaint =>
        test.fail(complaint),
      )
      // As a run has them, which a report that is read again has not.
      const begun = new Set<string>()
      for (const event of replay(recorded)) {
        if (event.type === 'trial') {
          const { scenario, experiment } = event
          const own = join(folder, 'trials', `${scenario}-${experiment}`)
          if (!begun.has(own)) {
            mkdirSync(own, { recursive: true })
            reporters.event({ type: 'experiment-start', scenario, experiment, title: experiment, at: 0 })
          }
          begun.add(own)
          const at = String(readdirSync(own).length + 1).padStart(2, '0')
          writeFileSync(join(own, `${at}-${event.trial.probe}.txt`), '')
        }
        reporters.event(event)
      }
      await reporters.close()
      const page = readFileSync(join(folder, 'page.html'), 'utf8')
      const links = [...page.matchAll(/<a href="([^"#:]+)"/g)].map(([, link = '']) => decodeURI(link))
      for (const link of links) test.ok(existsSync(join(folder, link)), link)
      test.ok(links.includes('report.json') && links.includes('events.ndjson'))
      test.equal(
        links.filter(link => link.startsWith('trials/')).length,
        recorded.scenarios.flatMap(scenario => scenario.trials).length,
      )
      test.equal(
        statSync(join(folder, 'page.html')).mode & 0o077,
        0,
        'its owner’s alone, as the commands are',
      )
    },
    { unsafeCleanup: true },
  )
})

t.test('the page of a diff says what is worse, and leads to the commit', async test => {
  const [first, ...others] = recorded.scenarios
  if (!first) return
  const broken = first.trials.map(trial =>
    trial.phase === 'fixed' && trial.outcome === 'works'
      ? { ...trial, outcome: 'fails' as const, ok: false, verdict: 'regressed' as const, says: HOSTILE }
      : trial,
  )
  const diff = diffReports(recorded, {
    ...recorded,
    scenarios: [{ ...first, trials: broken }, ...others.slice(1)],
  })
  const page = renderDiff(diff, isWorse)
  test.match(page, '<span class="verdict regressed">fix-broke</span>')
  test.match(page, '<span class="verdict regressed">vanished</span>')
  test.notMatch(page, /<script|\ssrc=/)
})

t.test('a way that nobody measured is drawn dashed, and called assumed', async test => {
  const page = (await written([everyVerdict], ['html'])).html ?? ''
  test.match(page, 'class="nl-way nl-assumed"')
  test.match(page, 'The way is assumed')
})

t.test('a way that was measured is drawn whole, and told with how it is known', async test => {
  const measured = {
    ...everyVerdict,
    scenarios: everyVerdict.scenarios.map(scenario => ({
      ...scenario,
      trials: scenario.trials.map(one => ({
        ...one,
        way: {
          measured: 'captures' as const,
          protocol: 'tcp' as const,
          stops: [{ node: HOSTILE, device: HOSTILE, direction: 'out' as const }],
        },
      })),
    })),
  }
  const page = (await written([measured], ['html'])).html ?? ''
  test.match(page, 'The way is measured: tcp, captured on every device.')
  test.notMatch(page, 'The way is assumed')
  test.match(page, /<p class="dim">the way \(tcp, captured on every device\): /)
  test.match(page, '<p class="dim">the way as before</p>', 'in a trial it is told where it is another one')
  test.notMatch(page, '<script>alert', 'and what it is of stays text')
})

t.test(
  'what kernels say alike is said once: forty scenarios on eight kernels are less than 5 MB',
  async test => {
    const scenarios = Array.from({ length: 40 }, (_, at) => recorded.scenarios[at % 2]).flatMap(
      (scenario, at) => (scenario ? [{ ...scenario, id: `${scenario.id}-${at}` }] : []),
    )
    const reports = Array.from({ length: 8 }, (_, at) => ({
      ...recorded,
      kernel: { release: `6.${at}.0`, version: `6.${at}.0` },
      scenarios,
    }))
    const page = (await written(reports, ['html'])).html ?? ''
    test.ok(Buffer.byteLength(page) < 5_000_000, `${Buffer.byteLength(page)} bytes`)
    test.equal(page.match(/<h5>everywhere<\/h5>/g)?.length, page.match(/<h5>/g)?.length)
  },
)
