import t from 'tap'
import { explainMake } from './make.js'

t.test('what make says', async t => {
  for (const [title, lines, code, message] of [
    [
      'a full disk',
      ['  CC      a.o', 'cc1: error: /tmp/x: No space left on device', 'make: *** [a.o] Error 1'],
      'disk-full',
      /no space left/,
    ],
    [
      'a header of a missing package',
      ['/src/tools/elf.h:10:10: fatal error: gelf.h: No such file or directory'],
      'missing-package',
      /need gelf\.h/,
    ],
    [
      'a missing program',
      ['/bin/sh: 1: flex: not found', 'make: *** [x] Error 127'],
      'missing-package',
      /runs flex/,
    ],
    [
      'a tree that was built in place',
      ['***', "*** The source tree is not clean, please run 'make ARCH=x86_64 mrproper'", '***'],
      'usage',
      /built in place/,
    ],
    [
      'a compiler error',
      ['  CC      net/a.o', "/src/net/a.c:3:1: error: expected ';'", 'make[1]: *** [net/a.o] Error 1'],
      'compile',
      /does not build: net\/a\.c:3:1: error: expected ';'/,
    ],
    [
      'a linker error',
      ['ld: net/a.o: undefined reference to `foo', 'make: *** [vmlinux] Error 1'],
      'compile',
      /undefined reference/,
    ],
    ['anything else', ['make: *** No rule to make target `bzImage`.  Stop.'], 'compile', /No rule to make/],
  ] as const) {
    t.test(`about ${title} becomes an error that names it`, async t => {
      const error = explainMake(lines, '/src', '/cache/make.log')
      t.equal(error.code, code)
      t.match(error.message, message)
      t.ok(error.remedy)
    })
  }
})
