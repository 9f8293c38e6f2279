/**
 * Several test files in one process, which saves the start of one for each: those that NETNS_LAB_UNIT names, as tap calls
 * folders of its tests by all arguments. A comment in the TAP says which file begins. All are loaded before the first test
 * runs: tap ends when it has nothing to do for a moment.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { FILE_BEGINS } from './unit-tap.js'

const files = (process.env.NETNS_LAB_UNIT ?? '').split(':')
t.test('load the files', async () => {
  for (const file of files) {
    t.comment(FILE_BEGINS + file)
    try {
      await import(pathToFileURL(resolve(file)).href)
    } catch (error) {
      t.error(error, `${file} can be loaded`)
    }
  }
})
