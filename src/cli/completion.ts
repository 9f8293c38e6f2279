/** `lab completion`: what the shells may offer, read off the command line's own description and the scenarios. */
import type { Command } from 'commander'
import { RELEASES } from '../distro/releases.js'
import { CATALOGUE } from '../kernels/catalogue.js'
import { loadCatalogue } from '../plan/catalogue.js'
import { REPORTER_NAMES } from '../report/registry.js'

/** The names that the program is called by. */
const NAMES = ['lab', 'netns-lab']

/** What an option or an argument may be completed to. */
interface Choices {
  readonly values: readonly string[]
  /** Whether it may be a file, too. */
  readonly files: boolean
}

/** What can follow a command. */
interface Words {
  readonly command: string
  readonly description: string
  readonly options: readonly (Choices & { readonly name: string; readonly description: string })[]
  readonly arguments: Choices
}

/** What an option's or an argument's word in the help stands for, besides a file. */
type Known = Readonly<Record<string, readonly string[]>>

/** Words of the help that stand for files. */
const FILES = /^[<[](file|dir|folder|path|before|after|id|name\[=file\]>$)/

/** Runs `lab completion`: prints the definitions for one shell. */
export async function completion(program: Command, shell: string): Promise<void> {
  const known = await knownWords()
  const choices = (word: string, given: readonly string[] | undefined, own: Known): Choices => ({
    values: unique(given ?? own[word] ?? known[word] ?? []),
    files: given === undefined && FILES.test(word),
  })
  const words = program.commands.map((command): Words => {
    const own = OWN[command.name()]?.(known) ?? {}
    const all = command.registeredArguments.map(argument =>
      choices(argument.required ? `<${argument.name()}>` : `[${argument.name()}]`, argument.argChoices, own),
    )
    const names = command.name() === 'help' ? program.commands.map(one => one.name()) : []
    return {
      command: command.name(),
      description: command.description(),
      options: command.options.flatMap(({ long, description, argChoices, flags }) => {
        const word = /[<[].*$/.exec(flags)?.[0] ?? ''
        return long
          ? [
              {
                name: long,
                description,
                ...choices(`${long} ${word}` in own ? `${long} ${word}` : word, argChoices, own),
              },
            ]
          : []
      }),
      arguments: {
        values: unique([...names, ...all.flatMap(({ values }) => values)]),
        files: all.some(({ files }) => files),
      },
    }
  })
  const shells: Readonly<Record<string, (words: readonly Words[]) => string>> = { bash, zsh, fish }
  process.stdout.write(shells[shell]?.(words) ?? '')
}

async function knownWords(): Promise<Known> {
  const { scenarios } = await loadCatalogue()
  const toggles = scenarios.flatMap(scenario => Object.entries(scenario.toggles))
  const settings = toggles
    .flatMap(([name, toggle]) => toggle.settings.map(setting => `${name}=${setting}`))
    .filter(word => !word.includes(' '))
  const ids = scenarios.map(({ id }) => id)
  return {
    '[id]': ids,
    '<id>': ids,
    '<id...>': [...toggles.map(([name]) => name), ...settings],
    '<name=setting...>': settings,
    '<name[=file]>': REPORTER_NAMES.flatMap(name => [name, `${name}=`]),
    kernels: CATALOGUE.flatMap(({ name, aliases }) => [name, ...aliases]),
    distros: RELEASES.map(({ name }) => name),
  }
}

/** Words that mean something else for one command: by the word, or by the option and the word. */
const OWN: Readonly<Record<string, (known: Known) => Known>> = {
  kernel: ({ kernels = [] }) => ({ '[name]': kernels }),
  distro: ({ distros = [] }) => ({ '[name]': distros }),
  matrix: ({ kernels = [], distros = [] }) => ({
    '--kernel <name...>': kernels,
    '--distro <name...>': distros,
  }),
  run: ({ distros = [] }) => ({ '--distro <name>': distros }),
  new: ({ '<id>': ids = [] }) => ({ '--from <id>': ids }),
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)]
}

function bash(words: readonly Words[]): string {
  const set = ({ values, files }: Choices, more: readonly string[] = []) =>
    `words='${[...more, ...values].join(' ')}'${files ? ' files=yes' : ''} ;;`
  const cases = words.map(
    ({ command, options, arguments: own }) => `    ${command})
      case $option in
${options
  .filter(option => option.values.length > 0 || option.files)
  .map(option => `        ${option.name}) ${set(option)}`)
  .concat(
    `        *) ${set(
      own,
      options.map(({ name }) => name),
    )}`,
  )
  .join('\n')}
      esac ;;`,
  )
  return `_netns_lab() {
  local line=\${COMP_LINE:0:COMP_POINT} words option= files=
  local -a typed found
  read -ra typed <<<"$line"
  # The word at the cursor, = and : included, at which bash would split it.
  local word=
  [[ $line == *' ' ]] || word=\${typed[-1]}
  local last=\${#typed[@]}
  [[ -z $word ]] || last=$((last - 1))
  [[ \${typed[last - 1]} != --* ]] || option=\${typed[last - 1]}
  if ((last < 2)); then words='${words.map(({ command }) => command).join(' ')}'; else
    case \${typed[1]} in
${cases.join('\n')}
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  if [[ -n $files && $word != -* ]]; then
    # Behind NAME=, a file; else a file by itself.
    local before=
    [[ $option != --reporter || $word != *=* ]] || before=\${word%%=*}=
    mapfile -t found < <(compgen -f -- "\${word#"$before"}")
    COMPREPLY+=("\${found[@]/#/$before}")
    compopt -o filenames 2>/dev/null
  fi
  [[ \${#COMPREPLY[@]} != 1 || \${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
  # Bash replaces what is behind the last of these only.
  local broken
  for broken in = :; do
    [[ $word != *$broken* || \${COMP_WORDBREAKS} != *$broken* ]] || COMPREPLY=("\${COMPREPLY[@]#"\${word%"$broken"*}$broken"}")
  done
}
complete -F _netns_lab ${NAMES.join(' ')}
`
}

function zsh(words: readonly Words[]): string {
  const text = (description: string) => description.replaceAll("'", "'\\''").replace(/[[\]:]/g, '\\$&')
  const action = ({ values, files }: Choices) => {
    const add = values.length > 0 ? `compadd -S "" -- ${values.join(' ').replaceAll(':', '\\:')}` : ''
    return `{${[add, ...(files ? ['_files'] : [])].filter(Boolean).join('; ')}}`
  }
  const isOffered = ({ values, files }: Choices) => values.length > 0 || files
  const cases = words.map(({ command, options, arguments: own }) => {
    const specs = options.map(
      option =>
        `'*${option.name}[${text(option.description)}]${isOffered(option) ? `:value:${action(option)}` : ''}'`,
    )
    const all = [...specs, ...(isOffered(own) ? [`'*:argument:${action(own)}'`] : [])]
    return `    ${command}) ${all.length > 0 ? `_arguments ${all.join(' ')}` : "_message 'no arguments'"} ;;`
  })
  return `#compdef ${NAMES.join(' ')}
_netns_lab() {
  if ((CURRENT == 2)); then
    local -a commands=(${words.map(({ command, description }) => `'${command}:${text(description)}'`).join(' ')})
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join('\n')}
  esac
}
compdef _netns_lab ${NAMES.join(' ')}
`
}

function fish(words: readonly Words[]): string {
  const text = (description: string) => description.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
  const offered = ({ values, files }: Choices) =>
    `${values.length > 0 ? ` -a '${values.join(' ')}'` : ''}${files ? ' -F' : ''}`
  return NAMES.flatMap(name => [
    `complete -c ${name} -f`,
    ...words.flatMap(({ command, description, options, arguments: own }) => {
      const here = `complete -c ${name} -n '__fish_seen_subcommand_from ${command}'`
      return [
        `complete -c ${name} -n __fish_use_subcommand -a ${command} -d '${text(description)}'`,
        ...(offered(own) === '' ? [] : [`${here}${offered(own)}`]),
        ...options.map(
          option =>
            `${here} -l ${option.name.slice(2)} -d '${text(option.description)}'${offered(option) === '' ? '' : ` ${option.files ? '-r' : '-x'}${offered(option)}`}`,
        ),
      ]
    }),
    '',
  ]).join('\n')
}
