/**
 * All that each reporter writes, compared with what it wrote when somebody last looked at it (tap-snapshots/). Where a change
 * is meant: `npm run snap`, and look at what git says has changed there.
 */
import t from 'tap'
import { everyVerdict, recorded } from './synthetic.fixture.js'
import { written } from './written.fixture.js'

const FORMATS = ['pretty', 'tap', 'ktap', 'junit', 'github', 'markdown', 'html', 'json'] as const

/** Times are another run's with every run that is recorded. */
t.cleanSnapshot = text =>
  text
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?/g, '(date)')
    .replace(/((?:time|duration_ms|\w+Ms)"?[:=]? ?"?)\d+(\.\d+)?/g, '$1(time)')
    .replace(/\d+(\.\d+)?( m?s\b)/g, '(time)$2')

const OTHER = { ...everyVerdict, kernel: { release: '5.10.0', version: '5.10.0' } }

for (const [title, reports, formats] of [
  // What json writes is the report itself.
  ['a recorded run', [recorded], FORMATS.filter(format => format !== 'json')],
  ['a run with every verdict', [everyVerdict], FORMATS],
  ['two runs', [everyVerdict, OTHER], ['tap', 'ktap', 'junit', 'github', 'markdown']],
] as const)
  for (const format of formats)
    t.test(`what ${format} says of ${title} is what it said before`, async test => {
      test.matchSnapshot((await written(reports, [format]))[format])
    })
