import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { dirSync } from 'tmp-promise'
import { enhancedPacket, interfaceDescription, sectionHeader } from './pcapng.js'
import { captured } from './registry.js'

/** The types of the blocks that a file is made of. */
function blockTypes(test: Test, bytes: Buffer): number[] {
  const types: number[] = []
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) {
    types.push(bytes.readUInt32LE(at))
    const length = bytes.readUInt32LE(at + 4)
    test.equal(length % 4, 0)
    test.equal(bytes.readUInt32LE(at + length - 4), length, 'the length stands at both ends of a block')
  }
  return types
}

t.test('a capture is a section, its interfaces and whole blocks of frames', async test => {
  const bytes = Buffer.concat([
    sectionHeader(),
    interfaceDescription('vm:eth0', 'the VM', 192),
    enhancedPacket({
      interfaceId: 0,
      timeNs: 1_795_236_947_625_850_770n,
      data: Buffer.alloc(61),
      length: 1500,
      direction: 'out',
      comment: 'broken float-ping',
    }),
  ])
  test.same(blockTypes(test, bytes), [0x0a0d0d0a, 1, 6])
})

t.test(
  'the capture of a run in which nothing was seen is a whole file, and its owner’s alone',
  async test => {
    const folder = dirSync({ unsafeCleanup: true })
    test.teardown(() => folder.removeCallback())
    const run = captured.evidence.observer?.open({ out: folder.name, notice: what => test.fail(what) })
    if (run === undefined || typeof run === 'string') throw new Error(run ?? 'a capture has no observer')
    run.close()
    const file = join(folder.name, 'capture.pcapng')
    test.same(blockTypes(test, readFileSync(file)), [0x0a0d0d0a])
    test.equal(statSync(file).mode & 0o777, 0o600)
  },
)
