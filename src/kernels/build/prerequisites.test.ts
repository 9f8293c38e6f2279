import t from 'tap'
import { describeError } from '../../base/errors.js'
import { missingError, missingPrerequisites } from './prerequisites.js'

t.test('a machine without the tools', async t => {
  t.test('is told all the packages in one apt line', async t => {
    const missing = await missingPrerequisites(['/nowhere'])
    const error = missingError(missing)
    t.equal(error.code, 'missing-package')
    t.match(error.message, /needs bc, bison, flex, .*gcc/)
    t.match(describeError(error), /apt-get install --no-install-recommends bc bison flex util-linux gcc/)
  })
})
