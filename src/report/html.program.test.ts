/** The page as a browser draws it. */
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { missingTool } from '../base/tools.js'
import { recorded } from './synthetic.fixture.js'
import { path, written } from './written.fixture.js'

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
