import { delimiter } from 'node:path'
import t from 'tap'
import { completePath, missingTool, pathFolders } from './tools.js'

t.test('an ordinary Debian user’s PATH gets the system’s other folders, at its end', async test => {
  const before = process.env.PATH
  t.teardown(() => {
    process.env.PATH = before
  })
  const users = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/games']
  process.env.PATH = users.join(delimiter)
  completePath()
  test.same(pathFolders(), [...users, '/usr/local/sbin', '/usr/sbin', '/sbin'])
  completePath()
  test.equal(pathFolders().length, users.length + 3, 'once')
  test.equal(missingTool('no-such-tool'), "'no-such-tool' is not installed")
})
