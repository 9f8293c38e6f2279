import t from 'tap'
import { MatrixProgress } from './progress.js'

t.test('a matrix says which guest is how far, and how long it may take', async test => {
  const progress = new MatrixProgress(['debian:5.10', 'debian:6.1', 'debian:6.12'], 4)
  test.equal(progress.text(0), '3 waiting; 0 of 3 over')
  progress.line('debian:5.10', 'guest 1', 0)
  test.equal(progress.text(0), 'debian:5.10: boots and builds; 2 waiting; 0 of 3 over')
  for (const line of [
    'confirmed        one',
    'confirmed  as  documented',
    'changed          two  ',
    'confirmed        one   14  0.5 s',
  ])
    progress.line('debian:5.10', line, 0)
  test.match(progress.text(120_000), 'debian:5.10: 2 of 4 scenarios, some 2 min left')
  progress.line('debian:5.10', 'guest 2', 120_000)
  test.match(progress.text(120_000), 'debian:5.10 (guest no. 2): boots and builds')
  progress.over('debian:5.10')
  progress.line('debian:5.10', 'a line that came late', 120_000)
  test.equal(progress.text(120_000), '2 waiting; 1 of 3 over')
})
