import t from 'tap'
import { commandsIn } from './shell.js'

t.test('the commands of shell lines are found, in quotes behind sh -c, too', async s => {
  s.strictSame(
    commandsIn(`git bisect run sh -c 'lab kernel build --name x &&
  lab matrix --kernel x'
A=1 sudo env "B=2" npm test -- "a b" \\
  c   # a comment; with words
lab run x > out.txt 2> /dev/null | head -6; (exit 3)`),
    [
      ['git', 'bisect', 'run', 'sh', '-c', 'lab kernel build --name x &&\n  lab matrix --kernel x'],
      ['lab', 'kernel', 'build', '--name', 'x'],
      ['lab', 'matrix', '--kernel', 'x'],
      ['npm', 'test', '--', 'a b', 'c'],
      ['lab', 'run', 'x'],
      ['head', '-6'],
      ['exit', '3'],
    ],
  )
})
