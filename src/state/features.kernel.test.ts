import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { projectRoot } from '../base/root.js'
import { reportSchema } from '../model/report.js'

const MAIN = join(projectRoot(), 'dist/src/cli/main.js')
const missing = spawnSync('ethtool', ['--version']).error ? 'ethtool is not installed' : false

t.test('an ethtool that does nothing is found out', { skip: missing }, async test => {
  await withDir(
    async ({ path }) => {
      const tool = join(path, 'ethtool')
      writeFileSync(tool, '#!/bin/sh\nexit 0\n')
      chmodSync(tool, 0o755)
      const { stdout, stderr } = await execa(
        process.execPath,
        [MAIN, 'run', 'udp-gso-without-checksum-offload', '--json', '-'],
        { reject: false, env: { PATH: `${path}:${process.env.PATH}` } },
      )
      test.ok(stdout.startsWith('{'), stderr)
      const [scenario] = reportSchema.parse(JSON.parse(stdout)).scenarios
      test.equal(scenario?.verdict, 'error')
      test.match(
        scenario?.reason,
        /tx-checksum is not off: in node client the kernel says link eth0 feature tx-checksum-ip-generic on/,
      )
    },
    { unsafeCleanup: true },
  )
})
