import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { missingTool } from '../base/tools.js'
import { hostile, recorded } from './synthetic.fixture.js'
import { path, written } from './written.fixture.js'

t.test('the page needs no network, and what the kernel says stays text', async test => {
  const page = (await written([hostile], ['html'])).html ?? ''
  test.notMatch(page, /<(link|img|iframe|object)|@import|url\(|\ssrc=/)
  test.match(page, "default-src 'none'")
  test.equal(page.match(/<script>/g)?.length, 1, 'the only script is its own')
})

const noChromium = missingTool('chromium')
t.test('the page is drawn by a browser', { skip: noChromium ?? false }, async test => {
  await written([recorded], ['html'])
  const args = '--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking'.split(
    ' ',
  )
  writeFileSync(path('page.html'), readFileSync(path('html')))
  const shot = path('page.png')
  execFileSync(
    'timeout',
    [
      '-s',
      'KILL',
      '60',
      'chromium',
      ...args,
      `--user-data-dir=${path('profile')}`,
      '--window-size=1280,2000',
      `--screenshot=${shot}`,
      `file://${path('page.html')}`,
    ],
    { stdio: 'pipe' },
  )
  test.ok(statSync(shot).size > 50_000, 'and there is something to see')
})
